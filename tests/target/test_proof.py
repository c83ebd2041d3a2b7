"""Token files: who lives on this machine, and what proves nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tasks.target import proof


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's own token files lie."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return proof.folder()


def test_what_is_left_of_the_killed_is_removed_after_a_day(files: Path) -> None:
    files.mkdir(parents=True)
    old, recent, held = (files / f"{proof.machine()}-{n}" for n in "abc")
    for each in (old, recent):
        each.touch()
    with proof.taken() as own:
        assert proof.lives(own)
        os.utime(files / own, (0, 0))
        os.utime(old, (0, 0))
        with proof.taken():
            assert {each.name for each in files.iterdir()} >= {recent.name, own}
            assert not old.exists()
    assert proof.lives(own) is False
    assert proof.lives(held.name) is None
    assert proof.lives(f"{proof.machine()}-../a") is None
    proof.forget(f"../locks/{recent.name}")
    assert recent.exists()


def test_a_program_that_a_holder_started_does_not_keep_its_token(files: Path) -> None:
    with proof.taken() as own:
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        assert proof.lives(own) is False
    finally:
        child.kill()
        child.wait()


def test_another_kernels_token_proves_nothing(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proof.taken() as own:
        pass
    assert proof.lives(own) is False
    monkeypatch.setattr(proof, "BOOT", files / own)
    proof.machine.cache_clear()
    try:
        assert proof.lives(own) is None
    finally:
        proof.machine.cache_clear()
