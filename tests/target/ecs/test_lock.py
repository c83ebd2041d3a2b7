"""One release at a time on ECS, whatever becomes of the others: in threads, in processes, on other machines."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tasks.errors import Locked
from tasks.target.ecs import lock
from tasks.target.ecs.lock import Parameter
from tasks.target.lock import LEASE
from tests.fakes.cloud import Cloud
from tests.target.ecs.holding import NAME, Own, another, claimed, holding, names, put, value
from tests.target.holders import most_at_once


def test_a_short_release_makes_two_calls_and_leaves_nothing(own: Own, cloud: Cloud, files: Path) -> None:
    release = own()
    with release.held("deploy v1"):
        for _ in range(5):
            release.fence()
        assert cloud.calls == [("ssm", "PutParameter")]
        written = value(cloud)
        cloud.reset_calls()
        assert written["reason"] == "deploy v1"
        assert (written["env"], written["lease"]) == ("prod", LEASE)
        assert set(written) == {"id", "token", "env", "by", "since", "reason", "lease"}
    assert cloud.calls == [("ssm", "DeleteParameter")]
    assert names(cloud) == []
    assert list(files.iterdir()) == []


def test_a_second_release_is_told_who_holds_it_and_what_to_type(own: Own) -> None:
    said = (
        r"^prod is being released by \S+@\S+ since 20\S+Z \(deploy v1\): "
        r"wait for it with --wait-lock=60s, or end it with inv lock.release --env=prod --steal$"
    )
    with own().held("deploy v1"):
        with pytest.raises(Locked, match=said) as refused, own().held("deploy v2"):
            pytest.fail("two hold it")
        assert refused.value.document["reason"] == "deploy v1"
        with pytest.raises(Locked), own().held("deploy v2", 0.3):
            pytest.fail("two hold it")


def test_processes_that_wait_for_it_never_interleave(own: Own, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    releases = [another(notes, seconds=0.2, wait=60) for _ in range(3)]
    ended = [each.communicate(timeout=60)[1] for each in releases]
    assert [each.returncode for each in releases] == [0] * 3, ended
    assert notes.read_text().split() == ["in", "out"] * 3


def test_whoever_waits_only_looks(own: Own, cloud: Cloud) -> None:
    with own().held("long"):
        cloud.reset_calls()
        with pytest.raises(Locked), own().held("short", 1.2):
            pytest.fail("two hold it")
        assert cloud.calls.count(("ssm", "PutParameter")) == 1
        assert cloud.calls.count(("ssm", "GetParameter")) <= 3


def test_the_lock_of_a_process_that_was_killed_is_taken_over_at_once(
    own: Own, cloud: Cloud, tmp_path: Path, files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with holding(tmp_path / "notes") as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(Locked), own().held("too early"):
            pytest.fail("two hold it")
        process.kill()
        process.wait()
    found = own().holder()
    assert found
    assert found.dead
    with own().held("the same command again"):
        assert value(cloud)["reason"] == "the same command again"
        assert names(cloud) == [NAME]
    assert "(another process), who has ended: that lock was taken away." in capfd.readouterr().err
    assert names(cloud) == []
    assert list(files.iterdir()) == []


def test_of_many_that_find_it_dead_at_once_only_one_has_it(own: Own, cloud: Cloud) -> None:
    put(cloud, claimed(lease=0.01))
    time.sleep(1.1)
    assert most_at_once(lambda: own().held("release", 60)) == 1
    assert names(cloud) == []


def test_the_lease_of_another_machine_lasts_by_the_clock_of_aws(own: Own, cloud: Cloud) -> None:
    put(cloud, claimed())
    with (
        pytest.raises(Locked, match=r"if it was killed, its lease ends in \d\d s, or now with inv lock.release"),
        own().held("too early"),
    ):
        pytest.fail("its lease lasts")
    found = own().holder()
    assert found
    assert (found.dead, found.mine, 0 < found.lease <= LEASE) == (False, False, True)
    put(cloud, claimed(lease=2.0))
    with own().held("waited for", 10):
        assert value(cloud)["reason"] == "waited for"


def test_a_sign_of_life_does_not_bring_back_a_lock_that_was_stolen(
    own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parameter, "every", 0.2)
    release = own()
    with release.held("release"):
        held = own().holder()
        assert held
        own().unlock(held)
        time.sleep(0.5)
        assert names(cloud) == []
        with pytest.raises(Locked, match=r"somebody ended it, or this machine slept .* inv status --env=prod"):
            release.fence()
        with own().held("thief"):
            time.sleep(0.5)
            assert value(cloud)["reason"] == "thief"
            with pytest.raises(Locked, match=r"prod is being released by \S+ since \S+ \(thief\)\."):
                release.fence()
    assert names(cloud) == []


def test_a_fence_looks_only_now_and_again(own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    release = own()
    with release.held("release"):
        cloud.reset_calls()
        wake(monkeypatch, lock.KNOWN)
        release.fence()
        release.fence()
        assert [operation for _, operation in cloud.calls] == ["GetParameter"]
    assert [operation for _, operation in cloud.calls] == ["GetParameter", "DeleteParameter"]


def wake(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let this machine have slept for so long."""
    now = lock.now
    monkeypatch.setattr(lock, "now", lambda: now() + seconds)


def test_a_release_that_slept_gives_nothing_back_that_is_another_ones(
    own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own().held("sleeper"):
        put(cloud, claimed("thief"))
        wake(monkeypatch, 3600)
    assert value(cloud)["reason"] == "thief"


def test_a_lock_that_cannot_be_seen_for_a_whole_lease_is_lost(
    own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = own()
    with release.held("cut off"):
        cloud.fail("GetParameter", "ParameterStoreDown", times=100)
        wake(monkeypatch, LEASE - 5)
        release.fence()
        wake(monkeypatch, 5)
        with pytest.raises(Locked, match=r"it could not be renewed \(AWS refused GetParameter"):
            release.fence()


def test_a_lock_without_a_lease_stays_until_it_is_ended(own: Own, cloud: Cloud) -> None:
    held = own().hold("maintenance")
    assert (held.reason, held.lease, held.mine, held.dead) == ("maintenance", 0, True, False)
    said = r"^prod is held by \S+ since \S+ \(maintenance\): free it with inv lock.release --env=prod$"
    with pytest.raises(Locked, match=said), own().held("release"):
        pytest.fail("two hold it")
    own().unlock(held)
    own().unlock(held)
    assert own().holder() is None
    with own().held("release"):
        own().unlock(held)
        assert own().holder()
