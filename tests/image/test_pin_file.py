"""The pin's file: what it holds, and how a corrupt one is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DockyardError, SettingError
from tasks.image import pin
from tasks.image.pin import Pin

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
WHOLE = Pin(
    image="127.0.0.1:5000/team/api",
    digest=DIGEST,
    tag="v1",
    git_sha="a" * 40,
    built_at="2026-11-21T22:24:27Z",
    size=1234,
    inputs="sha256:x",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "my äpp"
    (root / "env").mkdir(parents=True)
    return root


def test_a_pin_is_exact(root: Path) -> None:
    path = pin.write(root, "local", WHOLE)
    assert path == root / "env" / "local.lock"
    assert path.read_text() == (
        "# What env/local.env deploys. Written by `inv pin --env=local`.\n"
        "IMAGE=127.0.0.1:5000/team/api\n"
        f"DIGEST={DIGEST}\n"
        "TAG=v1\n"
        f"GIT_SHA={'a' * 40}\n"
        "BUILT_AT=2026-11-21T22:24:27Z\n"
        "SIZE=1234\n"
        "INPUTS=sha256:x\n"
    )
    assert pin.read(root, "local") == WHOLE
    assert [each.name for each in path.parent.iterdir()] == ["local.lock"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_only_image_and_digest_are_required(root: Path) -> None:
    pin.write(root, "local", Pin("api", DIGEST))
    assert pin.read(root, "local") == Pin("api", DIGEST)
    (root / "env" / "local.lock").write_text(f"\n# by hand\n\nDIGEST='{DIGEST}'\nexport IMAGE=api\nOTHER=1\n")
    assert pin.read(root, "local") == Pin("api", DIGEST)


def test_writing_keeps_the_files_mode(root: Path) -> None:
    path = pin.write(root, "local", WHOLE)
    path.chmod(0o600)
    pin.write(root, "local", Pin("api", DIGEST))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_pin_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DockyardError, match=r"env/local.lock could not be written: No such file"):
        pin.write(tmp_path, "local", WHOLE)


def test_no_pin(root: Path) -> None:
    with pytest.raises(SettingError, match=r"There is no pin .*env/local.lock: write it with `inv pin --env=local`"):
        pin.read(root, "local")


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "has no IMAGE"),
        ("# x\nIMAGE=api\n", 2, "has no DIGEST"),
        (f"IMAGE=\nDIGEST={DIGEST}\n", 1, "has no IMAGE"),
        ("IMAGE=api\nDIGEST=sha256:123\n", 2, "says DIGEST=sha256:123, which is not sha256: and 64 hexadecimal digits"),
        (f"IMAGE=api\n\nDIGEST={DIGEST.upper()}\n", 3, "which is not sha256:"),
        (f"IMAGE=api:v1\nDIGEST={DIGEST}\n", 1, "is no repository"),
        (f"IMAGE=api\nDIGEST={DIGEST}\nSIZE=big\n", 3, "says SIZE=big, which is no number of bytes"),
        (f"IMAGE=api\nDIGEST={DIGEST}\nDIGEST={DIGEST}\n", 3, "says DIGEST again"),
        (f"IMAGE=api\n<<<<<<< HEAD\nDIGEST={DIGEST}\n", 2, "is no line of a pin: '<<<<<<< HEAD'"),
        (f"IMAGE=api\n\n# x\n=======\nDIGEST={DIGEST}\n", 4, "is no line of a pin"),
        (f"IMAGE=api\nDIGEST='{DIGEST}\n", 2, "is no line of a pin"),
        ("nonsense\n", 1, "is no line of a pin: 'nonsense'"),
        ("IMAGE=api\nDIGEST=\udcff", 1, "cannot be read as a pin"),
    ],
)
def test_a_corrupt_pin_is_said_with_file_and_line(root: Path, text: str, line: int, why: str) -> None:
    path = root / "env" / "local.lock"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingError) as caught:
        pin.read(root, "local")
    assert str(caught.value.message).startswith(f"{path}:{line}")
    assert why in str(caught.value.message)
    assert str(caught.value.message).endswith("mend it, or write it anew with `inv pin --env=local`.")


def test_every_environment_with_a_pin_has_a_name(tmp_path: Path) -> None:
    assert pin.names(tmp_path) == []
    (tmp_path / "env").mkdir()
    for name in ("prod", "local"):
        pin.write(tmp_path, name, WHOLE)
    (tmp_path / "env" / "staging.lock").write_text("IMAGE=r/api\n")
    (tmp_path / "env" / "staging.env").touch()
    assert pin.names(tmp_path) == ["local", "prod", "staging"]
