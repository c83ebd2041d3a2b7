"""One release at a time, whatever becomes of the others: on the real engine, with real processes."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tasks.errors import DeployFailed, DockyardError, Locked
from tasks.target import holder, proof
from tasks.target.docker.engine import SOCKET
from tasks.target.docker.lock import Lock
from tests.target.docker.holding import another, holding, jump
from tests.target.holders import most_at_once


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
    with holding(service, tmp_path / "notes"):
        pass
    assert most_at_once(lambda: own().held("release", 60)) == 1


def test_a_process_that_stands_still_keeps_it_on_its_own_machine(
    own: Callable[[], Lock], service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(service, tmp_path / "notes") as process:
        process.send_signal(signal.SIGSTOP)
        jump(monkeypatch, 3600)
        with pytest.raises(Locked), own().held("too early"):
            pytest.fail("two hold it")
        process.send_signal(signal.SIGCONT)


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
