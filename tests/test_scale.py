"""`scale`: more and fewer replicas while requests come in, and what does not get healthy."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import docker
import httpx
import pytest

from tests.conftest import Inv
from tests.service import Service
from tests.target.docker.conftest import until


@dataclass
class Visitors:
    """Who answered requests that come in one after the other, and what went wrong."""

    answered: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


@contextmanager
def visitors(api: Service, count: int = 4) -> Iterator[Visitors]:
    """Half of them keep their connection, half take a new one for each request."""
    seen, over = Visitors(), threading.Event()

    def visit(keep: bool) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=10) as client:
            while not over.is_set():
                try:
                    answer = client.get("/revision?sleep=0.02", headers={} if keep else {"Connection": "close"})
                    answer.raise_for_status()
                    seen.answered[answer.json()["hostname"]] += 1
                except httpx.HTTPError as error:
                    seen.lost.append(repr(error))
                over.wait(0.02)

    threads = [threading.Thread(target=visit, args=(bool(n % 2),)) for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_no_request_is_lost_from_one_to_three_and_back(api: Service, inv: Inv) -> None:
    revision = inv("release --env=local --json").document["revision"]
    with visitors(api) as seen:
        up = inv("scale --env=local --replicas=3 --json")
        assert up.code == 0, up.err
        before = seen.answered.total()
        until(lambda: seen.answered.total() >= before + 30 or bool(seen.lost))
        of_three = set(seen.answered)
        down = inv("scale --env=local --replicas=1 --json")
        assert down.code == 0, down.err
        seen.answered.clear()
        until(lambda: seen.answered.total() >= 10 or bool(seen.lost))
    assert seen.lost == []
    assert of_three == {revision, f"{revision}-2", f"{revision}-3"}
    assert set(seen.answered) == {revision}

    assert (up.document["replicas"], up.document["changed"]) == (3, True)
    assert up.document["revision"] == revision
    assert [each["name"] for each in up.document["instances"]] == [revision, f"{revision}-2", f"{revision}-3"]
    assert (down.document["replicas"], down.document["changed"]) == (1, True)
    assert {*inv("status --env=local --json").document, "replicas", "changed"} == set(up.document)


def test_the_next_deploy_goes_back_and_the_line_to_change_is_named(api: Service, inv: Inv) -> None:
    revision = inv("release --env=local --json").document["revision"]
    scaled = inv("scale --env=local --replicas=2")
    assert scaled.err.splitlines() == [
        f"{revision} has 2 replicas.",
        "The next deploy goes back to 1 replica; write REPLICAS=2 into env/local.env to keep it.",
    ]
    again = inv("scale --env=local --replicas=2 --json")
    assert (again.code, again.document["changed"], again.document["replicas"]) == (0, False, 2)
    assert f"No changes: {revision} has 2 replicas." in again.err
    assert inv("verify --env=local").code == 0

    api.set(REPLICAS="2")
    assert inv("deploy --env=local --json").document["changed"] is False
    dry = inv("--dry scale --env=local --replicas=1 --json")
    line = list(api.settings).index("REPLICAS") + 1
    assert dry.err.splitlines() == [
        f"Would scale {revision} from 2 to 1 replica.",
        f"The next deploy goes back to 2 replicas: env/local.env:{line} says REPLICAS=2; write 1 there to keep it.",
    ]
    assert (dry.document["replicas"], dry.document["changed"]) == (2, False)
    assert inv("scale --env=local --replicas=2").err == f"No changes: {revision} has 2 replicas.\n"


def test_a_replica_that_does_not_get_healthy_is_removed_again(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    api.set(ENV_SLOW_START="1.5")
    revision = inv("release --env=local --json").document["revision"]
    api.set(HEALTH_TIMEOUT="300ms")
    with visitors(api) as seen:
        failed = inv("scale --env=local --replicas=3 --json")
    assert failed.code == 4, failed.err
    assert "did not get healthy within 0.3 s" in failed.err
    assert failed.err.endswith(f"What was new is removed again; {revision} serves with 1 replica, as before.\n")
    assert failed.document["exit"] == 4
    assert seen.lost == []
    mine: dict[str, str | list[str] | bool] = {"label": [f"dockyard.service={api.service}", "dockyard.role=instance"]}
    assert [each.name for each in engine.containers.list(all=True, filters=mine)] == [revision]
    assert inv("status --env=local --json").document["traffic"][0]["percent"] == 100


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("", "--replicas was not given: say how many, such as inv scale --replicas=3."),
        ("--replicas=0", "--replicas=0 is no number of replicas that can serve: give 1 or more."),
        ("--replicas=many", "--replicas=many is no number of replicas"),
        ("--replicas=-1", "--replicas=-1 is no number of replicas"),
        ("--replicas=100000", "--replicas=100000 is no number of replicas"),
        ("--replicas=2", "has no revision to scale; make one: inv release --env=local"),
    ],
)
def test_what_cannot_be_scaled_is_said_so(inv: Inv, flag: str, sentence: str) -> None:
    refused = inv(f"scale --env=local {flag}")
    assert refused.code == 1
    assert sentence in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_protected_environment_must_be_named(api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> None:
    api.set(PROTECTED="true")
    monkeypatch.setenv("DOCKYARD_ENV", "local")
    assert "add --env=local" in inv("scale --replicas=2").err
