"""Containers that give up, and parts that somebody takes away: what is told, and what mends it."""

from __future__ import annotations

import time
from contextlib import suppress

import docker
import httpx
import pytest
from docker.errors import ImageNotFound
from docker.types import IPAMConfig, IPAMPool

from tasks.errors import DeployFailed, DockyardError
from tasks.target import Instance, Rollout, Traffic
from tasks.target.docker import names, network
from tasks.target.docker.target import DockerTarget
from tests.target.docker.conftest import Bench, until


def told(target: DockerTarget) -> Instance:
    """The only instance there is."""
    (instance,) = target.current().instances
    return instance


def end(bench: Bench, path: str) -> None:
    """A request that the application does not live to answer."""
    with suppress(httpx.HTTPError):
        bench.ask(path)


def serve(target: DockerTarget, rollout: Rollout) -> None:
    """Wait for a revision and give it all of the traffic."""
    target.wait(rollout)
    target.shift([Traffic(rollout.revision, 100)])


def remove(engine: docker.DockerClient, reference: str) -> None:
    """Remove an image with all of its names, also from under stopped containers."""
    engine.images.remove(str(engine.images.get(reference).id), force=True)
    with pytest.raises(ImageNotFound):
        engine.images.get(reference)


def test_a_container_that_ends_while_it_serves_is_told_with_its_exit_code(
    bench: Bench, engine: docker.DockerClient
) -> None:
    target, rollout = bench.deploy()
    assert told(target).detail == ""
    end(bench, "/exit?code=9")
    until(lambda: told(target).detail == "restarted 1 time: exited with code 9")
    until(lambda: told(target).state == "running" and bench.ask("/health").status_code == 200)
    with pytest.raises(DeployFailed, match=r" was healthy, then restarted 1 time: exited with code 9\.") as died:
        target.alive(rollout)
    assert "giving up" in str(died.value.message)

    end(bench, "/exit?code=7&for=good")
    until(lambda: told(target).detail.startswith("restarted 3 times: exited with code 7"))
    with pytest.raises(DeployFailed, match="exited with code 7"):
        target.alive(rollout)
    engine.containers.get(rollout.revision).stop()
    assert told(target).state == "exited"
    assert told(target).detail.startswith("restarted ")


def test_a_revision_that_keeps_ending_is_not_waited_for(bench: Bench, engine: docker.DockerClient) -> None:
    target, rollout = bench.deploy()
    end(bench, "/exit?code=7&for=good")
    until(lambda: engine.containers.get(rollout.revision).status == "restarting")
    began = time.monotonic()
    with pytest.raises(DeployFailed, match=r" exited with code 7 (?s:.*)giving up"):
        target.wait(rollout)
    assert time.monotonic() - began < 15, "HEALTH_TIMEOUT is 20 s"


def test_a_kept_revision_is_not_judged_by_what_it_did_before(bench: Bench, engine: docker.DockerClient) -> None:
    target, one = bench.deploy()
    end(bench, "/exit?code=9")
    until(lambda: told(target).detail != "" and told(target).state == "running")
    bench.deploy("2")
    assert engine.containers.get(one.revision).attrs["HostConfig"]["RestartPolicy"]["Name"] == "no"
    again = target.restore(next(each for each in target.history() if each.name == one.revision))
    serve(target, again)
    target.alive(again)
    assert {each.name: each.detail for each in target.current().instances}[one.revision] == ""


def test_memory_taken_at_the_start(bench: Bench) -> None:
    target, rollout = bench.fail(MEMORY="64Mi", ENV_ALLOCATE="200000000")
    with pytest.raises(DeployFailed, match=r"was killed for taking more memory than MEMORY=64Mi \(exit code 137\)"):
        target.wait(rollout)


def test_memory_taken_while_it_serves(bench: Bench) -> None:
    target, rollout = bench.deploy(MEMORY="64Mi")
    end(bench, "/allocate?bytes=200000000")
    killed = "was killed for taking more memory than MEMORY=64Mi (exit code 137)"
    until(lambda: told(target).detail == f"restarted 1 time: {killed}")
    with pytest.raises(DeployFailed, match="MEMORY=64Mi"):
        target.alive(rollout)
    until(lambda: bench.ask("/health").status_code == 200)
    end(bench, "/exit?code=9")
    until(lambda: told(target).detail == "restarted 2 times: exited with code 9")


def test_an_image_that_was_removed_is_pulled_again(bench: Bench, engine: docker.DockerClient) -> None:
    target = bench.target()
    release = bench.application.release()
    plan = target.plan(release)
    remove(engine, f"{release.image}@{release.digest}")
    serve(target, target.apply(plan))
    assert told(target).digest == release.digest


def test_a_kept_revision_whose_image_was_removed_comes_back(bench: Bench, engine: docker.DockerClient) -> None:
    """Which digest it runs can then not be told, and is not claimed."""
    target, one = bench.deploy("1")
    bench.deploy("2")
    remove(engine, f"{bench.application.repository}@{bench.application.digests['1']}")
    again = target.restore(next(each for each in target.history() if each.name == one.revision))
    serve(target, again)
    target.retire(again)
    assert bench.revision() == one.revision
    assert told(target).digest == ""
    target, three = bench.deploy("1")
    assert bench.revision() == three.revision
    assert told(target).digest == bench.application.digests["1"]


def test_an_edge_that_is_killed_is_started_by_the_deploy_that_needs_it(
    bench: Bench, engine: docker.DockerClient
) -> None:
    _, one = bench.deploy("1")
    target, two = bench.fail("2", ENV_SLOW_START="1")
    edge = engine.containers.get(f"{bench.service}-edge")
    edge.kill()
    target.wait(two)
    assert bench.revision() == one.revision
    edge.kill()
    assert target.shift([Traffic(two.revision, 100)]) == (Traffic(two.revision, 100),)
    assert bench.revision() == two.revision


@pytest.mark.parametrize("wholly", [False, True], ids=["its container", "and its volume"])
def test_an_edge_that_is_removed_by_hand_is_made_again(bench: Bench, engine: docker.DockerClient, wholly: bool) -> None:
    target, one = bench.deploy("1")
    engine.containers.get(f"{bench.service}-edge").remove(force=True)
    if wholly:
        engine.volumes.get(f"dockyard-{bench.service}-edge").remove(force=True)
    current = target.current()
    assert current.revision
    assert (current.revision.name, current.traffic) == (one.revision, ())
    plan = target.plan(bench.application.release("1"))
    assert ("edge", "missing", "running") in [(each.what, each.before, each.after) for each in plan.changes]
    target, two = bench.deploy("1")
    assert bench.revision() == two.revision
    assert target.current().traffic == (Traffic(two.revision, 100),)


@pytest.mark.parametrize("same", [True, False], ids=["the same addresses", "other addresses"])
def test_a_network_that_is_removed_by_hand_is_made_again(bench: Bench, engine: docker.DockerClient, same: bool) -> None:
    """What is kept comes back on it, if it has the same addresses."""
    _, one = bench.deploy("1")
    target, two = bench.deploy("2")
    name = f"dockyard-{bench.service}"
    subnet = network.ensure(engine, bench.service)
    for container in (f"{bench.service}-edge", two.revision):
        engine.containers.get(container).stop(timeout=1)
    engine.networks.get(name).remove()
    pool = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet, iprange=network.upper_half(subnet))])
    labels = {names.LABEL: bench.service, names.ROLE: "network"} if same else {}
    taken = engine.networks.create(name if same else f"{name}-another", ipam=pool, labels=labels)
    try:
        target, three = bench.deploy("2")
        assert bench.revision() == three.revision
        kept = next(each for each in target.history() if each.name == one.revision)
        if same:
            serve(target, target.restore(kept))
            assert bench.revision() == one.revision
        else:
            with pytest.raises(DockyardError, match=rf"^The network {name} was removed, and has other addresses now"):
                target.restore(kept)
            assert bench.revision() == three.revision
    finally:
        if not same:
            taken.remove()
