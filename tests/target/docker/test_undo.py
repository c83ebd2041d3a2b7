"""Rollouts taken back, and the port under which a service is reached: what visitors get, whatever fails."""

from __future__ import annotations

import io
import signal
import socket
import sys
from typing import Any

import docker
import httpx
import pytest

from tasks.errors import DeployFailed, DockyardError
from tasks.say import say
from tasks.target import Change, Traffic
from tasks.target.docker.edge import Edge
from tests.service import free_port
from tests.target.docker.conftest import OK, Bench, until

pytestmark = pytest.mark.usefixtures("hurried")

CRASHES = "sh -c 'test -e /tmp/once && exit 3; touch /tmp/once; sleep 1'"  # healthy the first time, and never again


def answers(port: int) -> bool:
    """Whether anybody listens there."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
    except httpx.HTTPError:
        return False
    return True


def restarting(engine: docker.DockerClient, name: str) -> bool:
    """Whether the engine waits for its next try: each wait is twice as long as the last."""
    return bool(engine.containers.get(name).attrs["State"]["Restarting"])


def test_an_undo_gives_the_traffic_back_beside_a_worker_that_crashes(bench: Bench, engine: docker.DockerClient) -> None:
    _, one = bench.deploy("1", PROCESS_WORKER=CRASHES)
    target, two = bench.start("2", PROCESS_WORKER="")
    until(lambda: restarting(engine, f"{one.revision}-worker"))
    assert target.shift([Traffic(two.revision, 20), Traffic(one.revision, 80)])[0] == Traffic(one.revision, 80)
    target.shift([Traffic(two.revision, 100)])
    assert bench.revision() == two.revision
    until(lambda: restarting(engine, f"{one.revision}-worker"))

    target.undo(two)

    assert target.current().traffic == (Traffic(one.revision, 100),)
    assert set(bench.shares(5)) == {one.revision}
    assert engine.containers.get(two.revision).status == "exited"


def test_an_undo_gives_the_traffic_back_beside_a_worker_that_is_gone(bench: Bench, engine: docker.DockerClient) -> None:
    _, one = bench.deploy("1", PROCESS_WORKER=CRASHES)
    target, two = bench.start("2", PROCESS_WORKER="")
    engine.containers.get(f"{one.revision}-worker").stop(timeout=0)
    target.shift([Traffic(two.revision, 100)])
    target.undo(two)
    assert set(bench.shares(5)) == {one.revision}
    until(lambda: bool(engine.containers.get(f"{one.revision}-worker").attrs["RestartCount"]))


def test_an_undo_without_an_edge_to_reach_says_who_has_the_traffic(bench: Bench, engine: docker.DockerClient) -> None:
    _, one = bench.deploy("1")
    target, two = bench.start("2")
    target.shift([Traffic(two.revision, 100)])
    edge = engine.containers.get(f"{bench.service}-edge")
    edge.pause()
    try:
        with pytest.raises(DeployFailed) as failed:
            target.undo(two)
    finally:
        edge.unpause()
    assert str(failed.value.message).startswith(
        f"{two.revision} could NOT be undone; {two.revision} has the traffic "
        f"(inv traffic.migrate --env=local --to={one.revision} gives it back): "
    )
    assert failed.value.exit_code == 4
    assert bench.revision() == two.revision, "it was not stopped"


def test_an_undo_to_what_is_gone_leaves_what_serves(bench: Bench, engine: docker.DockerClient) -> None:
    _, one = bench.deploy("1")
    target, two = bench.start("2")
    target.shift([Traffic(two.revision, 100)])
    engine.containers.get(one.revision).remove(force=True)
    with pytest.raises(DeployFailed, match=f"could NOT be undone; .* the containers of {one.revision} are gone"):
        target.undo(two)
    assert bench.revision() == two.revision


def test_the_port_moves_with_all_of_the_traffic_and_an_undo_moves_it_back(bench: Bench) -> None:
    _, one = bench.deploy("1")
    old, new = bench.port, free_port()
    target, two = bench.start("2", URL=f"http://127.0.0.1:{new}")
    assert (bench.revision(), answers(new)) == (one.revision, False), "up, without traffic"
    target.shift([Traffic(two.revision, 0, "staging"), Traffic(one.revision, 100)])
    assert (bench.revision(), bench.revision("staging"), answers(new)) == (one.revision, two.revision, False)
    target.shift([Traffic(two.revision, 10), Traffic(one.revision, 90)])
    assert (set(bench.shares(20)), answers(new)) == ({one.revision, two.revision}, False), "a canary"

    assert target.shift([Traffic(two.revision, 100)]) == (Traffic(two.revision, 100),)
    assert not answers(old)
    bench.port = new
    assert bench.revision() == two.revision

    target.undo(two)
    assert not answers(new)
    bench.port = old
    assert set(bench.shares(5)) == {one.revision}


def test_an_undo_that_finds_the_old_port_taken_says_so_and_serves(bench: Bench) -> None:
    _, one = bench.deploy("1")
    old, new = bench.port, free_port()
    target, two = bench.start("2", URL=f"http://127.0.0.1:{new}")
    target.shift([Traffic(two.revision, 100)])
    told = f"was undone, but the edge did not get back to 127.0.0.1:{old}: Port "
    with socket.create_server(("127.0.0.1", old)), pytest.raises(DeployFailed, match=told):
        target.undo(two)
    bench.port = new
    assert set(bench.shares(5)) == {one.revision}


@pytest.mark.parametrize("step", ["stop", "remove_container", "create_container_from_config", "start"])
def test_an_interruption_while_the_edge_moves_leaves_it_where_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    _, one = bench.deploy("1")
    old, new = bench.port, free_port()
    target, two = bench.start("2", URL=f"http://127.0.0.1:{new}")
    api = target.service.client.api
    do = getattr(api, step)

    def interrupted(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(api, step, do)
        done = do(*args, **more)
        signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(api, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        target.shift([Traffic(two.revision, 100)])
    assert bench.revision() == one.revision
    target.undo(two)
    assert (bench.port, bench.revision(), answers(new)) == (old, one.revision, False)


def test_a_failure_while_the_edge_moves_leaves_it_where_it_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _, one = bench.deploy("1")
    new = free_port()
    target, two = bench.start("2", URL=f"http://127.0.0.1:{new}")
    create = Edge._create

    def refused(edge: Edge, subnet: str, front: Any) -> None:
        if front.port == new:
            raise DockyardError("no")
        create(edge, subnet, front)

    monkeypatch.setattr(Edge, "_create", refused)
    with pytest.raises(DockyardError, match=r"^no$"):
        target.shift([Traffic(two.revision, 100)])
    assert bench.revision() == one.revision


def test_the_plan_says_where_the_edge_is_not_where_the_revision_was_made_for(bench: Bench) -> None:
    _, one = bench.deploy("1")
    old, new = bench.port, free_port()
    target = bench.target(URL=f"http://127.0.0.1:{new}")
    release = bench.application.release
    moved = Change("published port", f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    assert target.plan(release("1")).changes == (moved,)

    bench.deploy("2")
    assert target.plan(release("2")).changes == ()
    back = target.restore(next(each for each in target.history() if each.name == one.revision))
    target.wait(back)
    target.shift([Traffic(one.revision, 100)])
    target.retire(back)
    bench.port = new
    assert bench.revision() == one.revision, "at the settings' port, whatever it was made for"
    assert target.plan(release("1")).changes == ()


def test_a_revision_brought_back_moves_the_edge_to_the_settings_port(bench: Bench) -> None:
    _, one = bench.deploy("1")
    target, two = bench.deploy("2")
    old, new = bench.port, free_port()
    target = bench.target(URL=f"http://127.0.0.1:{new}")
    back = target.restore(next(each for each in target.history() if each.name == one.revision))
    target.wait(back)
    assert bench.revision() == two.revision
    target.shift([Traffic(one.revision, 100)])
    bench.port = new
    assert bench.revision() == one.revision
    target.undo(back)
    bench.port = old
    assert bench.revision() == two.revision

    same = target.restore(next(each for each in target.history() if each.name == two.revision))
    target.shift([Traffic(two.revision, 100)])
    bench.port = new
    assert bench.revision() == two.revision, "also one that serves already"
    target.undo(same)
    bench.port = old
    assert bench.revision() == two.revision


def test_a_revision_that_was_never_verified_is_a_difference(bench: Bench) -> None:
    """After a kill -9 between the shift and the record."""
    target, one = bench.start("1")
    target.shift([Traffic(one.revision, 100)])
    release = bench.application.release("1")
    assert target.plan(release).changes == (Change("verified", "no", "yes"),)
    target.verified(one.revision, OK)
    assert target.plan(release).changes == ()


def test_progress_that_nobody_reads_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    say("Starting.")
