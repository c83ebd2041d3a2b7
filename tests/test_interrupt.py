"""A release that is interrupted, or meets another one, leaves the old revision serving."""

from __future__ import annotations

import json
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import docker
import pytest

from tests.conftest import Dockyard
from tests.service import Service


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_deploy_is_undone_and_exits_130(
    api: Service, dockyard: Dockyard, number: signal.Signals, engine: docker.DockerClient
) -> None:
    first = dockyard("release --env=local --json", api.root).document["revision"]
    api.set(ENV_HANG="1", HEALTH_TIMEOUT="60s")
    deploy = api.start("deploy", "--env=local", "--json")
    mine: dict[str, str | list[str] | bool] = {"label": [f"dockyard.service={api.service}", "dockyard.role=instance"]}
    deadline = time.monotonic() + 20
    while len(engine.containers.list(filters=mine, ignore_removed=True)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)

    deploy.send_signal(number)
    out, err = deploy.communicate(timeout=30)

    assert deploy.returncode == 130, err
    assert json.loads(out)["exit"] == 130
    assert "Traceback" not in err
    assert {api.get("/revision")["hostname"] for _ in range(5)} == {first}
    assert [each.name for each in engine.containers.list(filters=mine)] == [first]
    api.set(ENV_HANG="")
    assert dockyard("deploy --env=local", api.root).code == 0


def test_of_two_releases_at_once_one_says_who_holds_the_service(api: Service, dockyard: Dockyard) -> None:
    dockyard("release --env=local", api.root)
    api.set(ENV_SLOW_START="3", ENV_VERSION="two")
    both = [api.start("deploy", "--env=local", "--json"), api.start("deploy", "--env=local", "--json")]
    said = [each.communicate(timeout=60) for each in both]

    assert sorted(each.returncode for each in both) == [0, 5], said
    refused = next(err for each, (_, err) in zip(both, said, strict=True) if each.returncode == 5)
    assert "tester@example.com" in refused or "@" in refused
    assert api.get("/revision")["version"] == "two"


def test_three_releases_at_once_wait_for_each_other(
    api: Service, dockyard: Dockyard, engine: docker.DockerClient
) -> None:
    """Each is a checkout of its own. What the engine recorded shows that none came between another's steps."""
    dockyard("release --env=local", api.root)
    checkouts = [replace(api, root=api.root.with_name(name), settings=dict(api.settings)) for name in ("a", "b", "c")]
    for each in checkouts:
        shutil.copytree(api.root, each.root)
        each.set(ENV_VERSION=each.root.name)
    mine = {"type": "container", "label": f"dockyard.service={api.service}", "event": ["create", "destroy"]}
    stream = engine.events(filters=mine, decode=True)
    with ThreadPoolExecutor(1) as beside:
        events = beside.submit(list, stream)
        all_three = [each.start("release", "--env=local", "--json", "--wait-lock=120s") for each in checkouts]
        said = [each.communicate(timeout=180) for each in all_three]
        stream.close()
    assert [each.returncode for each in all_three] == [0, 0, 0], said

    holder, order = "", []
    for event in events.result():
        role, made = event["Actor"]["Attributes"]["dockyard.role"], event["Action"] == "create"
        if role == "lock":
            assert bool(holder) != made, "the lock is one container"
            holder = event["Actor"]["ID"] if made else ""
        elif role == "instance" and made:
            assert holder, "nothing is made without the lock"
            order.append((holder, event["Actor"]["Attributes"]["dockyard.revision"]))
    assert len(order) == len({held for held, _ in order}) == 3, "one revision under each lock"

    documents = {document["revision"]: document for out, _ in said for document in [json.loads(out)]}
    assert {revision for _, revision in order} == set(documents)
    status = dockyard("status --env=local --json", api.root).document
    last = order[-1][1]
    assert [(each["revision"], each["percent"]) for each in status["traffic"]] == [(last, 100)]
    assert status["digest"] == documents[last]["digest"]
    assert [each["revision"] for each in status["instances"]] == [last]
