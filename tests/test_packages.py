from __future__ import annotations

from pathlib import Path

import pytest

from tasks import dockerd, packages
from tasks.errors import DockyardError


def test_only_packages_that_the_system_has_are_installed() -> None:
    assert packages.command(dockerd.PACKAGES, ["iptables", "docker.io", "ca-certificates", "vim"]) == [
        *("apt-get", "install", "--yes", "--no-install-recommends", "docker.io", "iptables", "ca-certificates")
    ]


@pytest.mark.parametrize(
    ("targets", "mirror"),
    [
        ("http://a/debian/ bookworm main\nhttp://a/debian-security/ bookworm-security main\n", "http://a/debian/"),
        (
            "https://vendor/apt cloud main\nhttps://b/debian trixie-updates main\nhttps://b/debian trixie main\n",
            "https://b/debian",
        ),
        ("http://a/ubuntu/ noble main\n", ""),
        ("", ""),
    ],
)
def test_the_base_image_comes_from_the_mirror_that_the_system_uses(targets: str, mirror: str) -> None:
    assert packages.choose(targets) == mirror


def test_a_failed_command_is_told_with_the_last_line_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(DockyardError, match=r"`ls /nowhere` failed: .*No such file.* \(the whole log is .*x.log\)"):
        packages.logged(["ls", "/nowhere"], tmp_path / "x.log")
    with pytest.raises(DockyardError, match="no-such-program is not installed"):
        packages.logged(["no-such-program"], tmp_path / "x.log")
