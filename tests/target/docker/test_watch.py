"""The lock of a holder on another machine: whether it has ended, by its signs of life and whatever clocks do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tasks.errors import Locked
from tasks.target import lock
from tasks.target.docker import sign
from tasks.target.docker.lock import Container, Lock
from tests.target.docker.holding import holding, jump


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life follow each other fast."""
    monkeypatch.setattr(Container, "every", 0.2)


def forget(files: Path) -> None:
    """From now on this machine is another one than the holder's."""
    for each in files.iterdir():
        each.unlink()


def test_another_machine_waits_for_the_lease_of_a_holder_who_was_killed(
    own: Callable[[], Lock],
    service: str,
    tmp_path: Path,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with holding(service, tmp_path / "notes"):
        forget(files)
    with (
        pytest.raises(Locked, match=r"if it was killed, its lease ends in [89]\d s, or now with inv lock.release"),
        own().held("too early"),
    ):
        pytest.fail("its lease lasts")
    found = own().holder()
    assert found
    assert (found.dead, found.mine) == (False, True)
    assert 0 < found.lease <= lock.LEASE
    jump(monkeypatch, lock.LEASE)
    assert "without a sign of life" not in capfd.readouterr().err
    with own().held("later"):
        pass
    said = capfd.readouterr().err
    assert "(another process), but without a sign of life: watching for 0 s whether it has ended." in said
    assert "who has ended: that lock was taken away." in said


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_jumps_takes_no_lock_from_a_holder_who_lives(
    own: Callable[[], Lock],
    service: str,
    tmp_path: Path,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    seconds: int,
) -> None:
    monkeypatch.setattr(Container, "every", 0.6)  # the holder's are faster
    with holding(service, tmp_path / "notes"):
        forget(files)
        jump(monkeypatch, seconds)
        with pytest.raises(Locked, match="another process"), own().held("after the jump", 3):
            pytest.fail("two hold it")
    assert "watching for 1 s whether it has ended" in capfd.readouterr().err


def test_a_clock_that_was_set_back_keeps_no_dead_holders_lock(
    own: Callable[[], Lock], service: str, tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(service, tmp_path / "notes"):
        time.sleep(0.5)
        forget(files)
    jump(monkeypatch, -86400)
    with own().held("after the jump"):
        pass


def test_signs_given_after_a_clock_was_set_back_count(own: Callable[[], Lock], engine: docker.DockerClient) -> None:
    release = own()
    with release.held("release"):
        time.sleep(0.5)
        before = sign.last(engine, release.id, "2000-01-01T00:00:00Z")
        engine.api.put_archive(release.id, "/", sign.archive(before - 86400))
        assert sign.last(engine, release.id, "2100-01-01T00:00:00Z") == pytest.approx(before - 86400, abs=60)
