"""`prune`: exactly what nothing needs goes, and what serves goes on serving."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import httpx
import pytest

from tasks.image.registry import Registry
from tests.conftest import Dockyard, Inv, Project
from tests.service import Service


@contextmanager
def asking(api: Service) -> Iterator[list[int]]:
    """Somebody asks the service all the while; the status of each answer."""
    statuses: list[int] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client:
            while not done.is_set():
                statuses.append(client.get("/").status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield statuses
    finally:
        done.set()
        thread.join()


def release(api: Service, inv: Inv, text: str) -> dict[str, str]:
    """Release a change of the source."""
    api.change(text)
    made = inv("release --env=local --json")
    assert made.code == 0, made.err
    document: dict[str, str] = made.document
    return document


def tags(engine: docker.DockerClient, api: Service) -> set[str]:
    """The tags of the service's repository on the engine."""
    return {tag.rpartition(":")[2] for image in engine.images.list(api.repository) for tag in image.tags}


def revisions(engine: docker.DockerClient, api: Service) -> set[str]:
    """The revisions with a container, running or not."""
    mine: dict[str, str | list[str] | bool] = {"label": [f"dockyard.service={api.service}", "dockyard.role=instance"]}
    return {str(each.labels["dockyard.revision"]) for each in engine.containers.list(all=True, filters=mine)}


def volumes(engine: docker.DockerClient, api: Service) -> set[str]:
    """The records on the engine."""
    found = engine.volumes.list(filters={"label": f"dockyard.service={api.service}"})
    return {str(each.name) for each in found} - {f"dockyard-{api.service}-edge"}


def test_exactly_what_nothing_needs_goes(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    pinned = release(api, inv, "one")
    (api.root / "env" / "staging.lock").write_text(api.lock.read_text())
    old = release(api, inv, "two")
    kept = release(api, inv, "three")
    serving = release(api, inv, "four")
    before = api.lock.read_text()
    api.set(ENV_CRASH="3")
    api.change("five")
    failed = inv("release --env=local --json")
    assert failed.code == 4
    api.lock.write_text(before)
    del api.settings["ENV_CRASH"]
    api.set()
    api.change("six")
    built = inv("build --env=local --json").document["tag"]
    (number,) = revisions(engine, api) - {each["revision"] for each in (pinned, old, kept, serving)}
    every = tags(engine, api)

    planned = inv("prune --env=local --keep=1 --dry --json")
    with asking(api) as statuses:
        pruned = inv("prune --env=local --keep=1 --json")

    assert set(statuses) == {200}
    assert planned.document["removed"] == pruned.document["removed"], "dry says what is done"
    assert (planned.document["changed"], pruned.document["changed"]) == (False, True)
    removed = {(each["kind"], each["name"], each["why"]) for each in pruned.document["removed"]}
    (broken,) = every - {each["tag"] for each in (pinned, old, kept, serving)} - {built}
    assert removed == {
        ("revision", old["revision"], "not among the last 1 verified"),
        ("revision", number, "never verified"),
        ("image", f"{api.repository}:{old['tag']}", "nothing uses or pins it"),
        ("image", f"{api.repository}:{broken}", "nothing uses or pins it"),
    }
    assert revisions(engine, api) == {each["revision"] for each in (pinned, kept, serving)}
    assert tags(engine, api) == {pinned["tag"], kept["tag"], serving["tag"], built}
    stay = {f"dockyard-{each['revision']}{end}" for each in (pinned, kept, serving) for end in ("", "-verified")}
    assert volumes(engine, api) == {*stay, f"dockyard-{number}"}, "the newest record stays"
    assert {each["size"] > 1000 for each in pruned.document["removed"] if each["kind"] == "image"} == {True}
    assert pruned.document["freed"] == sum(each["size"] for each in pruned.document["removed"]) < 1_000_000
    assert set(Registry(api.repository).tags()) >= {old["tag"], broken}, "the registry is not touched"

    again = inv("prune --env=local --keep=1 --json").document
    assert (again["removed"], again["freed"], again["changed"]) == ([], 0, False)
    back = inv("rollback --env=local --json")
    assert (back.code, back.document["revision"]) == (0, kept["revision"]), back.err
    assert "Pulling" not in back.err
    assert inv("push --env=local --json").document["tag"] == built
    assert inv("pin --env=local").code == 0
    deployed = inv("deploy --env=local --json").document["revision"]
    assert int(deployed.split("-")[1]) == int(number.split("-")[1]) + 1


def test_nothing_to_remove(api: Service, inv: Inv) -> None:
    said = inv("prune --env=local")
    assert (said.code, said.out) == (0, f"Nothing of {api.service} is left to remove.\n"), said.err
    release(api, inv, "one")
    assert inv("prune --env=local --json --keep=0").document["removed"] == []


def test_a_pin_that_cannot_be_read_stops_it(api: Service, inv: Inv) -> None:
    (api.root / "env" / "prod.lock").write_text("IMAGE=x/y\n")
    refused = inv("prune --env=local --keep=0")
    assert refused.code == 1
    assert "prod.lock:1 has no DIGEST" in refused.err


def test_what_somebody_else_releases_is_left_alone(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    release(api, inv, "one")
    release(api, inv, "two")
    api.lock.write_text("IMAGE=x/y\nDIGEST=sha256:" + "0" * 64 + "\n")
    labels = {"dockyard.service": api.service, "dockyard.role": "lock", "dockyard.by": "bob@elsewhere"}
    engine.containers.create("dockyard-lock:1", "lock", name=f"{api.service}-lock", labels=labels)
    assert inv("prune --env=local --keep=0 --dry --json").document["removed"], "a look needs no lock"
    refused = inv("prune --env=local --keep=0")
    assert refused.code == 5
    assert "bob@elsewhere" in refused.err
    assert len(revisions(engine, api)) == 2


@pytest.mark.parametrize("keep", ["-1", "many", "1.5"])
def test_a_number_that_is_none(project: Project, dockyard: Dockyard, keep: str) -> None:
    root = project(local="TARGET=docker\nSERVICE=api\nIMAGE=127.0.0.1:5000/api\n")
    refused = dockyard(f"prune --env=local --keep={keep}", root)
    assert refused.code == 1
    assert f"--keep={keep} is not a number of releases; try --keep=5." in refused.err
