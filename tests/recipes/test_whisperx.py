"""The lock of rec2pdf's real packages: whisperx's own resolution, for the CPU. Nothing of it is installed here."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import REPOSITORY
from tests.torch_index import UV, index

from .wheels import wheel

FOLDER = REPOSITORY / "examples" / "rec2pdf" / "rec2pdf-backend"
LOCK = (FOLDER / "requirements-whisperx.txt").read_text()
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))
# What their publisher's index has, and PyPI has not: the names and versions, and what their wheels ask for.
CPU = {
    ("torch", "2.8.0+cpu"): ("filelock", "typing-extensions>=4.10.0", "sympy>=1.13.3", "networkx", "jinja2", "fsspec"),
    ("torchaudio", "2.8.0+cpu"): ("torch==2.8.0",),
    ("torchvision", "0.23.0+cpu"): ("numpy", "torch==2.8.0", "pillow!=8.3.*,>=5.3.0"),
}


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[str]:
    """An index that has those three, without their content."""
    for (name, version), requires in CPU.items():
        wheel(tmp_path / "index", name, version, requires=requires)
    with index(tmp_path / "index") as url:
        yield url


def test_the_lock_is_what_whisperx_and_all_that_it_asks_for_resolve_to(publisher: str, tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in PINS.items()))
    asked = ["requirements-whisperx.in", "--override=overrides.txt", f"--constraint={pins}"]
    where = [f"--index={publisher}", "--index-strategy=unsafe-best-match"]
    what = ["--python-version=3.11", "--python-platform=x86_64-manylinux_2_28", "--no-header", "--no-annotate"]
    command = [str(UV), "pip", "compile", "--no-config", "--quiet", *asked, *where, *what]
    resolved = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert resolved.returncode == 0, resolved.stderr
    assert dict(line.split("==") for line in resolved.stdout.split()) == PINS


def test_whisperx_and_torch_are_locked_by_the_versions_that_go_together() -> None:
    assert PINS["whisperx"] == "3.8.6"
    assert {(name, version) for name, version in PINS.items() if "+" in version} == CPU.keys()


def test_each_package_of_the_lock_has_a_hash_and_none_is_of_cuda() -> None:
    blocks = re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(PINS)
    assert [
        each for each in blocks if not re.fullmatch(r"\S+ \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", each)
    ] == []
    assert [name for name in PINS if name.startswith(("nvidia", "cuda", "triton", "pytorch-triton"))] == []
