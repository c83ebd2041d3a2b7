"""One release at a time, whatever becomes of the others: on the real engine, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from tasks.errors import DeployFailed, DockyardError, Locked
from tasks.target.docker import holder, lock, proof, sign
from tasks.target.docker.engine import SOCKET, clock
from tasks.target.docker.lock import Lock
from tests.service import clean

ROOT = Path(__file__).parent.parent.parent.parent
HOLD = """\
import sys, time
from tasks.target.docker import sign
from tasks.target.docker.engine import connect
from tasks.target.docker.lock import Lock
service, wait, seconds, notes = sys.argv[1], *map(float, sys.argv[2:4]), sys.argv[4]
sign.EVERY = 0.2
with Lock(connect(), service, "local").held("another process", wait):
    with open(notes, "a") as file: print("in", file=file)
    time.sleep(seconds)
    with open(notes, "a") as file: print("out", file=file)
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: docker.DockerClient) -> Path:
    """The token files of this test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return proof.folder()


@pytest.fixture
def own(engine: docker.DockerClient, service: str) -> Iterator[Callable[[], Lock]]:
    """The lock of this test's own service, as one release after the other sees it."""
    yield lambda: Lock(engine, service, "local")
    clean(engine, service)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life follow each other fast."""
    monkeypatch.setattr(sign, "EVERY", 0.2)


def another(service: str, notes: Path, seconds: float = 60.0, wait: float = 0.0) -> subprocess.Popen[str]:
    """A process that holds the lock for so long, and notes when."""
    argv = [sys.executable, "-c", HOLD, service, str(wait), str(seconds), str(notes)]
    return subprocess.Popen(argv, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@contextmanager
def holding(service: str, notes: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock by now, and is killed at the end of the block."""
    with another(service, notes) as process:
        try:
            deadline = time.monotonic() + 60
            while not notes.exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def forget(files: Path) -> None:
    """From now on this machine is another one than the holder's."""
    for each in files.iterdir():
        each.unlink()


def jump(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the engine's clock forward or back, as everybody in this process reads it."""
    for module in (holder, sign):
        monkeypatch.setattr(module, "clock", lambda client: clock(client) + seconds)


def test_a_second_release_is_told_who_holds_it_and_what_to_type(
    own: Callable[[], Lock], service: str, engine: docker.DockerClient
) -> None:
    said = (
        r"^local is being released by \S+@\S+ since 20\S+Z \(deploy v1\): "
        r"wait for it with --wait-lock=60s, or end it with inv lock.release --env=local --steal$"
    )
    with own().held("deploy v1"):
        with pytest.raises(Locked, match=said) as refused, own().held("deploy v2"):
            pytest.fail("two hold it")
        assert refused.value.document["reason"] == "deploy v1"
        began = time.monotonic()
        with pytest.raises(Locked), own().held("deploy v2", 0.6):
            pytest.fail("two hold it")
        assert time.monotonic() - began >= 0.5
    with own().held("deploy v2"):
        pass
    assert engine.containers.list(all=True, filters={"name": f"{service}-lock"}) == []
    assert list(proof.folder().iterdir()) == []


def test_waiting_takes_it_when_it_is_free(own: Callable[[], Lock], capfd: pytest.CaptureFixture[str]) -> None:
    held, order = threading.Event(), []

    def first() -> None:
        with own().held("first"):
            held.set()
            time.sleep(1.5)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with own().held("second", 20):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1, said
    assert said[0].startswith("Waiting for 20 s at most: local is being released by ")


def test_processes_that_wait_for_it_never_interleave(own: Callable[[], Lock], service: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    releases = [another(service, notes, seconds=0.2, wait=60) for _ in range(4)]
    ended = [each.communicate(timeout=60)[1] for each in releases]
    assert [each.returncode for each in releases] == [0] * 4, ended
    assert notes.read_text().split() == ["in", "out"] * 4


def test_an_interruption_frees_it(own: Callable[[], Lock]) -> None:
    with pytest.raises(KeyboardInterrupt), own().held("interrupted"):
        raise KeyboardInterrupt
    with own().held("next"):
        pass


def test_the_lock_of_a_process_that_was_killed_is_taken_over_at_once(
    own: Callable[[], Lock], service: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with holding(service, tmp_path / "notes") as process:
        with pytest.raises(Locked), own().held("too early"):
            pytest.fail("two hold it")
        process.kill()
        process.wait()
        found = own().holder()
        assert found
        assert found.dead
        with own().held("the same command again"):
            pass
    said = capfd.readouterr().err
    assert "(another process), who has ended: that lock was taken away." in said
    assert own().holder() is None
    assert list(proof.folder().iterdir()) == []


def test_of_many_that_find_it_dead_at_once_only_one_has_it(
    own: Callable[[], Lock], service: str, tmp_path: Path
) -> None:
    inside, most, guard = 0, 0, threading.Lock()

    def release() -> None:
        nonlocal inside, most
        with own().held("release", 60):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)
            with guard:
                inside -= 1

    with holding(service, tmp_path / "notes"):
        pass
    threads = [threading.Thread(target=release) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)


def test_a_process_that_stands_still_keeps_it_on_its_own_machine(
    own: Callable[[], Lock], service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(service, tmp_path / "notes") as process:
        process.send_signal(signal.SIGSTOP)
        jump(monkeypatch, 3600)
        with pytest.raises(Locked), own().held("too early"):
            pytest.fail("two hold it")
        process.send_signal(signal.SIGCONT)


@pytest.mark.usefixtures("quick")
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


@pytest.mark.usefixtures("quick")
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
    monkeypatch.setattr(sign, "EVERY", 0.6)  # the holder's are faster
    with holding(service, tmp_path / "notes"):
        forget(files)
        jump(monkeypatch, seconds)
        with pytest.raises(Locked, match="another process"), own().held("after the jump", 3):
            pytest.fail("two hold it")
    assert "watching for 1 s whether it has ended" in capfd.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_clock_that_was_set_back_keeps_no_dead_holders_lock(
    own: Callable[[], Lock], service: str, tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(service, tmp_path / "notes"):
        time.sleep(0.5)
        forget(files)
    jump(monkeypatch, -86400)
    with own().held("after the jump"):
        pass


@pytest.mark.usefixtures("quick")
def test_signs_given_after_a_clock_was_set_back_count(own: Callable[[], Lock], engine: docker.DockerClient) -> None:
    release = own()
    with release.held("release"):
        time.sleep(0.5)
        before = sign.last(engine, release.id, "2000-01-01T00:00:00Z")
        engine.api.put_archive(release.id, "/", sign.archive(before - 86400))
        assert sign.last(engine, release.id, "2100-01-01T00:00:00Z") == pytest.approx(before - 86400, abs=60)


def test_whose_lock_was_taken_away_goes_no_further_and_is_told_by_whom(own: Callable[[], Lock]) -> None:
    first, thief = own(), own()
    with first.held("first"):
        first.fence()
        held = thief.holder()
        assert held
        thief.unlock(held)
        with pytest.raises(Locked, match=r"somebody ended it, or this machine slept .* inv status --env=local"):
            first.fence()
        with thief.held("second"):
            with pytest.raises(Locked, match=r"local is being released by \S+ since \S+ \(second\)\."):
                first.fence()
            thief.unlock(held)
            thief.fence()
    first.fence()


def test_whoever_holds_no_lock_is_not_fenced(own: Callable[[], Lock]) -> None:
    with own().held("somebody else's"):
        own().fence()


def test_a_lock_without_a_lease_stays_until_it_is_ended(
    own: Callable[[], Lock], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = own().hold("maintenance")
    assert (held.reason, held.lease, held.mine, held.dead) == ("maintenance", 0, True, False)
    jump(monkeypatch, 86400)
    said = r"^local is held by \S+ since \S+ \(maintenance\): free it with inv lock.release --env=local$"
    with pytest.raises(Locked, match=said), own().held("release"):
        pytest.fail("two hold it")
    monkeypatch.setattr(holder, "user_at_host", lambda: "bob@elsewhere")
    with pytest.raises(Locked, match=r"--wait-lock=60s, or end it with inv lock.release --env=local --steal$"):
        own().hold("another one")
    own().unlock(held)
    assert own().holder() is None


def fail(release: Lock, socket: Path) -> None:
    """The engine goes away, and the release fails for that."""
    socket.unlink()
    release.client.api.close()
    release.fence()
    raise DeployFailed("the outcome")


def test_an_engine_that_is_gone_at_the_end_changes_no_outcome(
    own: Callable[[], Lock], service: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    socket = tmp_path / "docker.sock"
    socket.symlink_to(SOCKET.removeprefix("unix://"))
    release = Lock(docker.DockerClient(f"unix://{socket}"), service, "local")
    with pytest.raises(DeployFailed, match="the outcome"), release.held("release"):
        fail(release, socket)
    assert f"The lock of {service} ends by itself within 90 s. The Docker engine stopped" in capfd.readouterr().err
    with own().held("next"):
        pass


def test_a_container_that_is_no_lock_is_left_alone(
    own: Callable[[], Lock], service: str, engine: docker.DockerClient
) -> None:
    other = engine.containers.create("debian:bookworm-slim", "true", name=f"{service}-lock")
    try:
        with pytest.raises(DockyardError, match=f"`docker rm {service}-lock`"), own().held("release"):
            pytest.fail("it is somebody's container")
        other.reload()
    finally:
        other.remove()


def test_without_a_state_folder_the_lease_counts(
    own: Callable[[], Lock], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with (
        own().held("first"),
        pytest.raises(Locked, match="if it was killed, its lease ends in"),
        own().held("second"),
    ):
        pytest.fail("two hold it")


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
