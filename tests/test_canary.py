"""A canary that turns out bad is withdrawn by itself, and few of the users' requests meet it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import Inv
from tests.service import Service
from tests.target.docker.conftest import until


@contextmanager
def users(api: Service, path: str = "/", threads: int = 4) -> Iterator[Counter[int]]:
    """Users who ask all the time, about 40 times a second each; how often each status came (0: no answer)."""
    answered, over = Counter[int](), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=10) as client:
            while not over.is_set():
                try:
                    status = client.get(path).status_code
                except httpx.HTTPError:
                    status = 0
                answered[status] += 1
                time.sleep(0.02)

    asking = [threading.Thread(target=ask) for _ in range(threads)]
    for each in asking:
        each.start()
    try:
        yield answered
    finally:
        over.set()
        for each in asking:
            each.join()


def test_a_canary_that_fails_requests_is_withdrawn(api: Service, inv: Inv) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_BROKEN="/revision", CANARY="10,50", BAKE="30s", MAX_ERROR_RATE="5%")
    with users(api, "/revision") as answered:
        time.sleep(0.5)
        assert not answered[500]
        began = time.monotonic()
        deploy = inv("deploy --env=local --json")
        took = time.monotonic() - began
        failed = answered[500]
        time.sleep(0.5)
        assert answered[500] == failed, "after it was withdrawn nobody meets it"

    assert deploy.code == 4, deploy.err
    assert "errors: " in deploy.document["error"]
    assert "MAX_ERROR_RATE is 0.05" in deploy.document["error"]
    assert f"It was undone; {first} serves." in deploy.document["error"]
    assert "has 10 %" in deploy.err
    assert "has 50 %" not in deploy.err
    assert took < 30, "it did not wait for the end of BAKE"
    assert 0 < failed < 0.2 * answered.total()
    assert set(answered) == {200, 500}, "none was refused or lost"
    traffic = inv("status --env=local --json").document["traffic"]
    assert [(each["revision"], each["percent"], each["errors"]) for each in traffic] == [(first, 100, 0)]
    assert traffic[0]["requests"] >= answered[200] * 0.9


def test_a_good_canary_goes_all_the_way_and_loses_nothing(api: Service, inv: Inv) -> None:
    inv("release --env=local")
    api.set(ENV_VERSION="two", CANARY="10,50", BAKE="1s", MAX_ERROR_RATE="0")
    with users(api) as answered:
        deploy = inv("deploy --env=local --json")
    assert deploy.code == 0, deploy.err
    assert set(answered) == {200}
    assert [line.split(" and ")[0].split(" has ")[1] for line in deploy.err.splitlines() if " has " in line] == [
        "10 %", "50 %", "100 %",
    ]  # fmt: skip
    assert next(each for each in deploy.document["checks"] if each["name"] == "errors")["ok"]
    assert api.get("/revision")["version"] == "two"


@pytest.mark.parametrize("canary", ["25", ""])
def test_a_revision_that_dies_while_it_is_watched_is_withdrawn(api: Service, inv: Inv, canary: str) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_CRASH_AFTER="3", CANARY=canary, BAKE="20s")
    deploy = inv("deploy --env=local --json")
    assert deploy.code == 4, deploy.err
    assert "listens on 8080" in deploy.document["error"], "its last lines"
    assert f"It was undone; {first} serves." in deploy.document["error"]
    assert {api.get("/revision")["hostname"] for _ in range(10)} == {first}


def test_a_revision_that_gets_sick_while_it_is_watched_is_withdrawn(api: Service, inv: Inv) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_UNHEALTHY_AFTER="2", BAKE="20s")
    deploy = inv("deploy --env=local --json")
    assert deploy.code == 4, deploy.err
    assert "while it was watched: health: GET /health answered 500" in deploy.document["error"]
    assert {api.get("/revision")["hostname"] for _ in range(10)} == {first}


@pytest.mark.parametrize("named", [False, True])
def test_a_rollback_takes_back_a_canary_whose_release_was_killed(api: Service, inv: Inv, named: bool) -> None:
    inv("release --env=local")
    api.set(ENV_VERSION="two")
    second = inv("release --env=local --json").document
    api.set(ENV_VERSION="three", CANARY="30", BAKE="60s")
    killed = api.start("release", "--env=local")
    until(lambda: len({api.get("/revision")["version"] for _ in range(10)}) == 2)
    killed.kill()
    killed.communicate()

    back = inv(f"rollback --env=local --json{' --to=' + second['revision'] if named else ''}")

    assert back.code == 0, back.err
    assert (back.document["revision"], back.document["changed"]) == (second["revision"], True)
    assert {api.get("/revision")["version"] for _ in range(10)} == {"two"}
    assert f"DIGEST={second['digest']}" in api.lock.read_text()
    assert inv(f"rollback --env=local --to={second['revision']} --json").document["changed"] is False


def test_verify_judges_the_error_rate(api: Service, inv: Inv) -> None:
    api.set(MAX_ERROR_RATE="10%", ENV_BROKEN="/log")
    inv("release --env=local")
    assert inv("verify --env=local").code == 0
    for _ in range(10):
        httpx.get(f"http://127.0.0.1:{api.port}/log?text=x")
    verify = inv("verify --env=local --json")
    assert verify.code == 3
    errors = next(each for each in verify.document["checks"] if each["name"] == "errors")
    assert errors["detail"].startswith("10 of ")
