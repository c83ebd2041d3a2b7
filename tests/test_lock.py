"""`inv lock`, `lock.take` and `lock.release`, and releases in processes of their own that meet a lock."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tasks.target import holder
from tasks.target.docker.lock import Lock
from tests.conftest import Dockyard, Inv, Project
from tests.service import Service, clean
from tests.target.docker.conftest import until


@pytest.fixture
def held(project: Project, service: str, engine: docker.DockerClient) -> Iterator[Path]:
    """A project whose service was never released."""
    text = f"TARGET=docker\nSERVICE={service}\nIMAGE=127.0.0.1:5000/{service}\nHEALTH_PATH=/health\n"
    yield project(local=text, prod=f"{text}PROTECTED=true\n")
    clean(engine, service)


def test_nobody_holds_a_service_that_is_free(held: Path, dockyard: Dockyard, service: str) -> None:
    said = dockyard("lock --env=local", held)
    assert (said.code, said.out) == (0, f"Nobody holds {service} (local).\n")
    document = dockyard("lock --env=local --json", held).document
    assert document["held"] is False
    assert [document[key] for key in ("by", "since", "reason", "lease")] == [None] * 4
    released = dockyard("lock.release --env=local --json", held)
    assert (released.code, released.document["changed"]) == (0, False)


def test_a_service_is_held_against_every_release_until_it_is_let_go(
    held: Path, dockyard: Dockyard, service: str
) -> None:
    would = dockyard("--dry lock.take --env=local --json", held)
    assert (would.code, would.document["changed"]) == (0, False)
    assert would.err == f"Would hold {service}.\n"

    taken = dockyard('lock.take --env=local --note="database  maintenance" --json', held)
    assert taken.code == 0, taken.err
    assert (taken.document["changed"], taken.document["held"]) == (True, True)
    assert (taken.document["reason"], taken.document["lease"]) == ("database maintenance", None)
    assert f"{service} is held by " in taken.err
    assert "(database maintenance) until lock.release; inv lock.release --env=local ends it.\n" in taken.err
    again = dockyard("lock.take --env=local --json", held)
    assert (again.code, again.document["changed"]) == (0, False)

    shown = dockyard("lock --env=local --json", held).document
    assert {key: shown[key] for key in ("env", "target", "service", "held", "reason")} == {
        "env": "local", "target": "docker", "service": service, "held": True, "reason": "database maintenance",
    }  # fmt: skip
    (held / "env" / "local.lock").write_text(f"IMAGE=127.0.0.1:5000/{service}\nDIGEST=sha256:{'0' * 64}\n")
    refused = dockyard("deploy --env=local --json", held)
    assert refused.code == 5
    assert refused.document["reason"] == "database maintenance"
    assert f"local is held by {shown['by']} since {shown['since']} (database maintenance)" in refused.err

    would = dockyard("--dry lock.release --env=local --json", held)
    assert (would.document["changed"], would.document["held"]) == (False, True)
    assert would.err.endswith("until lock.release: it would be ended.\n")
    released = dockyard("lock.release --env=local --json", held)
    assert (released.code, released.document["changed"], released.document["held"]) == (0, True, False)
    assert dockyard("lock --env=local --json", held).document["held"] is False


def test_anothers_lock_is_only_stolen_on_purpose(
    held: Path, dockyard: Dockyard, engine: docker.DockerClient, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lock(engine, service, "local").hold("maintenance")
    monkeypatch.setattr(holder, "user_at_host", lambda: "bob@elsewhere")
    would = dockyard("--dry lock.release --env=local", held)
    assert would.err.endswith("only --steal would end it.\n")
    refused = dockyard("lock.release --env=local --json", held)
    assert refused.code == 5
    assert refused.document["error"].endswith("or end it with inv lock.release --env=local --steal")
    assert dockyard("lock.take --env=local", held).code == 5
    stolen = dockyard("lock.release --env=local --steal --json", held)
    assert (stolen.code, stolen.document["changed"]) == (0, True)
    assert "is free again; it was held by " in stolen.err


def test_a_release_under_way_is_not_ended_by_its_own_user_without_steal(
    held: Path, dockyard: Dockyard, engine: docker.DockerClient, service: str
) -> None:
    with Lock(engine, service, "local").held("deploy v1"):
        shown = dockyard("lock --env=local", held)
        assert "(deploy v1); its lease lasts 90 s and is renewed.\n" in shown.out
        assert dockyard("lock.release --env=local", held).code == 5
    assert dockyard("lock --env=local --json", held).document["held"] is False


def test_a_protected_environment_must_be_named(held: Path, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKYARD_ENV", "prod")
    for line in ("lock.take", "lock.release", "lock.release --steal"):
        assert dockyard(line, held).code == 1
    assert dockyard("lock", held).code == 0


def test_taking_waits_for_the_release_under_way(
    held: Path, dockyard: Dockyard, engine: docker.DockerClient, service: str
) -> None:
    began, ended = threading.Event(), []

    def release() -> None:
        with Lock(engine, service, "local").held("deploy v1"):
            began.set()
            time.sleep(1)
            ended.append(True)

    thread = threading.Thread(target=release)
    thread.start()
    began.wait()
    taken = dockyard("lock.take --env=local --wait-lock=1m --json", held)
    thread.join()
    assert (taken.code, taken.document["held"], ended) == (0, True, [True])


def test_a_wrong_duration_says_what_is_right(held: Path, dockyard: Dockyard) -> None:
    refused = dockyard("lock.take --env=local --wait-lock=soon", held)
    assert refused.code == 1
    assert refused.err.strip() == (
        "--wait-lock=soon: 'soon' is no duration: write 60s, 15m, 1h30m, 250ms or plain seconds."
    )


def test_a_second_release_waits_and_then_succeeds(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    assert inv("release --env=local").code == 0
    lock = Lock(engine, api.service, "local")
    api.set(ENV_SLOW_START="2", ENV_VERSION="first")
    first = api.start("deploy", "--env=local", "--json")
    until(lock.holder)
    api.set(ENV_SLOW_START="0", ENV_VERSION="second")
    second = api.start("deploy", "--env=local", "--wait-lock=60s", "--json")
    one, two = first.communicate(timeout=120), second.communicate(timeout=120)
    assert (first.returncode, second.returncode) == (0, 0), (one, two)
    assert "Waiting for 60 s at most: local is being released by " in two[1]
    assert json.loads(two[0])["previous"] == json.loads(one[0])["revision"]
    assert api.get("/revision")["version"] == "second"


def test_a_deploy_that_waited_deploys_what_is_pinned_by_then(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    """Or the release before it would be withdrawn, and its pin would stay."""
    assert inv("release --env=local").code == 0
    pin(api, inv, "two")
    with Lock(engine, api.service, "local").held("release three"):
        waiting = api.start("deploy", "--env=local", "--wait-lock=60s", "--json")
        assert waiting.stderr
        while "Waiting for" not in waiting.stderr.readline():
            assert waiting.poll() is None
        pin(api, inv, "three")
    out, rest = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, rest
    assert f"DIGEST={json.loads(out)['digest']}" in api.lock.read_text()
    assert inv("verify --env=local").code == 0


def pin(api: Service, inv: Inv, text: str) -> None:
    """Pin other content."""
    api.change(text)
    for line in ("build --env=local", "push --env=local", "pin --env=local"):
        assert inv(line).code == 0


def test_a_rollback_that_waited_withdraws_no_release_that_it_did_not_see(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_VERSION="2")
    second = inv("release --env=local --json").document["revision"]
    api.set(ENV_VERSION="3", ENV_SLOW_START="4")
    third = api.start("deploy", "--env=local", "--json")
    until(Lock(engine, api.service, "local").holder)
    back = api.start("rollback", "--env=local", "--wait-lock=60s", "--json")
    _, said = third.communicate(timeout=120)
    assert third.returncode == 0, said
    out, said = back.communicate(timeout=120)
    assert "Waiting for 60 s at most" in said
    assert back.returncode == 1
    assert f"serves by now, no longer {second}" in json.loads(out)["error"]
    assert f"--to={first}" in json.loads(out)["error"]
    assert api.get("/revision")["version"] == "3"


def test_ctrl_c_while_waiting_changes_nothing(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    first = inv("release --env=local --json").document["revision"]
    with Lock(engine, api.service, "local").held("a long one"):
        waiting = api.start("deploy", "--env=local", "--force", "--wait-lock=60s")
        assert waiting.stderr
        said = ""
        while "Waiting for" not in said:
            said = waiting.stderr.readline()
            assert said
        waiting.send_signal(signal.SIGINT)
        _, rest = waiting.communicate(timeout=60)
        assert waiting.returncode == 130, rest
        assert "Traceback" not in rest
        found = Lock(engine, api.service, "local").holder()
        assert found
        assert found.reason == "a long one"
    assert api.get("/revision")["hostname"] == first


def test_the_same_command_goes_on_at_once_after_it_was_killed(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    assert inv("release --env=local").code == 0
    lock = Lock(engine, api.service, "local")
    api.set(ENV_HANG="1", HEALTH_TIMEOUT="60s")
    killed = api.start("deploy", "--env=local")
    until(lock.holder)
    time.sleep(0.5)
    killed.kill()
    killed.communicate()
    assert "but that process has ended: the next release takes it over" in inv("lock --env=local").out
    assert inv("lock --env=local --json").document["dead"] is True

    api.set(ENV_HANG="", ENV_VERSION="two")
    again = inv("deploy --env=local")
    assert again.code == 0, again.err
    assert "who has ended: that lock was taken away." in again.err
    assert api.get("/revision")["version"] == "two"


def test_the_lock_of_a_killed_release_can_be_ended_by_hand(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    assert inv("release --env=local").code == 0
    api.set(ENV_HANG="1", HEALTH_TIMEOUT="60s")
    killed = api.start("deploy", "--env=local")
    until(Lock(engine, api.service, "local").holder)
    killed.kill()
    killed.communicate()
    assert inv("--dry lock.release --env=local").err.endswith("it would be ended.\n")
    released = inv("lock.release --env=local --json")
    assert (released.code, released.document["changed"]) == (0, True), released.err
    assert inv("lock --env=local --json").document["held"] is False


def stolen(api: Service, inv: Inv, engine: docker.DockerClient) -> subprocess.Popen[str]:
    """A deploy whose lock is stolen while its new revision starts slowly."""
    api.set(ENV_VERSION="first", ENV_SLOW_START="8", HEALTH_TIMEOUT="60s")
    deploy = api.start("deploy", "--env=local", "--json")
    mine: dict[str, str | list[str] | bool] = {"label": [f"dockyard.service={api.service}", "dockyard.role=instance"]}
    until(lambda: len(engine.containers.list(filters=mine, ignore_removed=True)) == 2)
    ended = inv("lock.release --env=local --steal")
    assert ended.code == 0, ended.err
    return deploy


def test_a_release_whose_lock_was_stolen_gives_no_traffic_to_its_revision(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    before = inv("release --env=local --json").document["revision"]
    first = stolen(api, inv, engine)
    assert inv('lock.take --env=local --note="look closer"').code == 0
    out, err = first.communicate(timeout=120)
    assert first.returncode == 5, err
    assert json.loads(out)["exit"] == 5
    assert json.loads(out)["reason"] == "look closer"
    assert "The lock was taken away from this release: local is held by " in err
    assert f"leaves {api.service} as it is; inv status --env=local shows what serves." in err
    assert "Undoing" not in err
    assert {api.get("/revision")["hostname"] for _ in range(5)} == {before}

    assert inv("lock.release --env=local").code == 0
    api.set(ENV_SLOW_START="0")
    assert inv("deploy --env=local").code == 0
    assert api.get("/revision")["version"] == "first"


def test_a_release_that_fails_after_its_lock_was_stolen_undoes_nothing_of_the_thiefs(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    """The thief stops its revision, which is a failure to be undone: the traffic would go back to the one before."""
    assert inv("release --env=local").code == 0
    first = stolen(api, inv, engine)
    api.set(ENV_VERSION="thief", ENV_SLOW_START="0")
    thief = inv("deploy --env=local --json")
    out, err = first.communicate(timeout=120)
    assert thief.code == 0, thief.err
    assert first.returncode == 5, err
    assert "The lock was taken away from this release: " in json.loads(out)["error"]
    assert "could NOT be undone" not in err
    assert "Traceback" not in err
    assert {api.get("/revision")["hostname"] for _ in range(5)} == {thief.document["revision"]}
    assert api.get("/revision")["version"] == "thief"
