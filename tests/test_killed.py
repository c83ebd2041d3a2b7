"""SIGKILL before every single step: the same command again ends in the same state as if nothing had happened."""

from __future__ import annotations

from typing import Any

import docker

from tests.conftest import Inv
from tests.service import Service, clean, free_port, killed
from tests.target.docker.conftest import until

MOVES = 20  # steps before a release takes its first look at the edge


def run(api: Service, step: int, line: str) -> tuple[bool, str]:
    """Run a line in a process that dies before a step: whether it did, or came to its end; what it said."""
    return killed(api.root, "tests.killing", step, line)


def state(api: Service, engine: docker.DockerClient) -> dict[str, Any]:
    """What runs of a service on the engine, beside the names that differ from release to release."""
    mine: dict[str, Any] = {"label": f"dockyard.service={api.service}"}
    running = engine.containers.list(filters=mine, ignore_removed=True)
    every = engine.containers.list(all=True, filters=mine, ignore_removed=True)
    return {
        "running": sorted(each.labels["dockyard.role"] for each in running),
        "others": sorted(role for each in every if (role := each.labels["dockyard.role"]) not in ("instance", "edge")),
        "networks": len(engine.networks.list(filters=mine)),
    }


GOOD = {"running": ["edge", "instance"], "others": [], "networks": 1}


def check(api: Service, inv: Inv, engine: docker.DockerClient, version: str, said: str) -> None:
    """The state that an undisturbed deploy leaves."""
    assert api.get("/revision")["version"] == version, said
    status = inv("status --env=local --json").document
    assert [each["percent"] for each in status["traffic"]] == [100], said
    assert status["digest"] == status["pinned"], said
    releases = inv("history --env=local --json").document["releases"]
    assert [each["verified"] for each in releases if each["revision"] == status["revision"]] == [True], said
    assert state(api, engine) == GOOD, said


def test_a_release_that_is_killed_before_any_step_is_simply_typed_again(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    """Every second one moves to another port as well, which replaces the edge's container."""
    ports = (api.port, free_port())
    assert inv("release --env=local").code == 0
    api.set(CANARY="50", BAKE="0")
    step, died = 0, True
    while died:
        step += 1
        version, before = f"v{step}", api.get("/revision")["version"]
        port = ports[step % 2] if step > MOVES else api.port
        moves = port != api.port
        api.port = port
        api.set(ENV_VERSION=version, URL=f"http://127.0.0.1:{port}")
        died, said = run(api, step, "release --env=local")
        if not moves:
            assert api.get("/revision")["version"] in (before, version), said
        again = inv("release --env=local")
        assert again.code == 0, f"{said}\n{again.err}"
        check(api, inv, engine, version, f"{said}\n{again.err}")
    assert step > 25, "it has more steps than that"


def test_a_first_deploy_that_is_killed_before_any_step_is_simply_typed_again(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    for line in ("build --env=local", "push --env=local", "pin --env=local"):
        assert inv(line).code == 0
    step, died = 0, True
    while died:
        step += 1
        died, said = run(api, step, "deploy --env=local")
        again = inv("deploy --env=local")
        assert again.code == 0, f"{said}\n{again.err}"
        check(api, inv, engine, "1", f"{said}\n{again.err}")
        clean(engine, api.service)
    assert step > 10, "it has more steps than that"


def test_a_rollback_that_is_killed_before_any_step_is_simply_typed_again(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    inv("release --env=local")
    api.set(ENV_VERSION="2")
    inv("release --env=local")
    step, died = 0, True
    while died:
        step += 1
        goal = {"1": "2", "2": "1"}[api.get("/revision")["version"]]
        died, said = run(api, step, "rollback --env=local")
        again = inv("rollback --env=local") if died else None
        assert again is None or again.code == 0, f"{said}\n{again.err}"
        check(api, inv, engine, goal, f"{said}\n{again.err if again else ''}")
    assert step > 10, "it has more steps than that"


def test_a_migration_that_outlives_its_release_is_waited_for(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    """Two at a time would meet in the database."""
    api.set(RELEASE_COMMAND="sleep 4")
    for line in ("build --env=local", "push --env=local", "pin --env=local"):
        assert inv(line).code == 0
    once: dict[str, Any] = {"label": [f"dockyard.service={api.service}", "dockyard.role=once"]}
    first = api.start("deploy", "--env=local")
    until(lambda: bool(engine.containers.list(filters=once)))
    (left,) = engine.containers.list(filters=once)
    first.kill()
    first.communicate()
    again = inv("deploy --env=local")
    assert again.code == 0, again.err
    assert f"{left.name} still runs a command of a process that was killed" in again.err
    assert state(api, engine) == GOOD


def test_what_a_killed_release_left_running_is_stopped_and_nothing_else(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_VERSION="2")
    second = inv("release --env=local --json").document["revision"]
    engine.containers.get(first).start()
    api.set(ENV_VERSION="3")
    beside = inv("deploy --env=local --no-traffic --json").document["revision"]
    api.set(ENV_VERSION="2")
    again = inv("deploy --env=local --json")
    assert (again.code, again.document["changed"]) == (0, False), again.err
    mine: dict[str, Any] = {"label": [f"dockyard.service={api.service}", "dockyard.role=instance"]}
    assert {each.name for each in engine.containers.list(filters=mine)} == {second, beside}
