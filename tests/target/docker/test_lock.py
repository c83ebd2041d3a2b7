"""One release at a time."""

from __future__ import annotations

import threading
import time

import docker
import pytest

from tasks.errors import Locked
from tasks.target.docker import lock
from tests.target.docker.conftest import Bench


def test_a_second_release_is_told_who_holds_it(bench: Bench, engine: docker.DockerClient) -> None:
    one, two = bench.target(), bench.target()
    with one.lock("deploy v1"):
        said = rf"^local is being released by \S+@\S+ since 20\S+Z \(deploy v1\): .*`docker rm {bench.service}-lock`"
        with pytest.raises(Locked, match=said), two.lock("deploy v2"):
            pytest.fail("two hold it")
        began = time.monotonic()
        with pytest.raises(Locked), two.lock("deploy v2", wait=0.6):
            pytest.fail("two hold it")
        assert time.monotonic() - began >= 0.5
    with two.lock("deploy v2"):
        pass
    assert engine.containers.list(all=True, filters={"name": f"{bench.service}-lock"}) == []


def test_waiting_takes_it_when_it_is_free(bench: Bench) -> None:
    one, two = bench.target(), bench.target()
    held, order = threading.Event(), []

    def first() -> None:
        with one.lock("first"):
            held.set()
            time.sleep(0.7)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with two.lock("second", wait=20):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_only_one_of_many_gets_it(bench: Bench) -> None:
    targets = [bench.target() for _ in range(4)]
    inside, most = 0, 0
    guard = threading.Lock()

    def release(n: int) -> None:
        nonlocal inside, most
        with targets[n].lock(f"release {n}", wait=60):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=release, args=(n,)) for n in range(len(targets))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_an_interruption_frees_it(bench: Bench) -> None:
    with pytest.raises(KeyboardInterrupt), bench.target().lock("interrupted"):
        raise KeyboardInterrupt
    with bench.target().lock("next"):
        pass


def test_signs_of_life_keep_it_and_silence_loses_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LEASE", 1.0)
    monkeypatch.setattr(lock, "SIGN", 0.1)
    one, two = bench.target(), bench.target()
    with one.lock("alive"):
        time.sleep(1.3)
        with pytest.raises(Locked), two.lock("too early"):
            pytest.fail("two hold it")
        monkeypatch.setattr(lock, "LEASE", 0.0)  # as if it had been silent for long
        with two.lock("took it over"):
            monkeypatch.setattr(lock, "LEASE", 60.0)
            with pytest.raises(Locked, match="took it over"), one.lock("again"):
                pytest.fail("two hold it")
