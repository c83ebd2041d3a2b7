"""Broken releases and bad input: one sentence, the right exit code, and the old revision still serves."""

from __future__ import annotations

import subprocess
import time

import docker
import pytest

from tests.conftest import Inv
from tests.service import Service, free_port


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"ENV_CRASH": "3"}, "exited with code 3"),
        ({"ENV_STATUS": "500"}, "GET /health answered 500"),
        ({"ENV_HANG": "1", "HEALTH_TIMEOUT": "1500ms"}, "did not get healthy within 1.5 s"),
        ({"CHECK_ROOT": "GET / 201", "ENV_VERSION": "2"}, "GET / answered 200, not 201"),
        ({"ENV_LOG": "Traceback of something"}, "Traceback of something"),
    ],
    ids=["exits at once", "answers 500", "never answers", "fails a check", "logs what is denied"],
)
def test_a_broken_deploy_is_undone_with_its_reason_and_the_old_one_serves(
    api: Service, inv: Inv, broken: dict[str, str], sentence: str
) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(**broken)

    failed = inv("deploy --env=local --json")

    assert failed.code == 4, failed.err
    assert sentence in failed.err
    assert f"{first} serves" in failed.document["error"]
    assert "Traceback (most recent" not in failed.err
    assert {api.get("/revision")["hostname"] for _ in range(5)} == {first}
    status = inv("status --env=local --json").document
    assert status["revision"] == first
    assert [(each["revision"], each["percent"]) for each in status["traffic"]] == [(first, 100)]


def test_without_auto_rollback_a_failed_release_is_left_and_the_way_back_is_named(api: Service, inv: Inv) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_LOG="Traceback of something", AUTO_ROLLBACK="false")
    failed = inv("deploy --env=local --json")
    assert failed.code == 4
    assert f"inv rollback --env=local --to={first}" in failed.document["error"]
    assert api.get("/revision")["hostname"] != first
    again = inv("deploy --env=local --json")
    assert again.code == 4
    assert inv(f"rollback --env=local --to={first}").code == 0
    assert api.get("/revision")["hostname"] == first


def test_a_worker_that_dies_later_fails_verify(api: Service, inv: Inv) -> None:
    api.set(PROCESS_WORKER="python3 -c 'import time; time.sleep(4); raise SystemExit(9)'")
    assert inv("release --env=local").code == 0
    deadline = time.monotonic() + 20
    while (looked := inv("verify --env=local --json")).code == 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert looked.code == 3
    assert {each["name"]: each["ok"] for each in looked.document["checks"]}["instances"] is False


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({"SECRET_TOKEN": "env:NOWHERE_TO_BE_FOUND"}, ""),
        ({"CHECK_ROOT_HEADERS": '{"X-Key": "env:NOWHERE_TO_BE_FOUND"}'}, ""),
        ({}, "--traffic-tag=Bad_Tag"),
    ],
)
def test_what_cannot_be_is_refused_before_the_release_command_runs(
    api: Service, inv: Inv, settings: dict[str, str], flags: str
) -> None:
    inv("release --env=local")
    api.set(RELEASE_COMMAND="python3 -c 'print(\"migrated\")'", ENV_VERSION="two", **settings)
    refused = inv(f"deploy --env=local {flags}")
    assert refused.code == 1
    assert "migrated" not in refused.err


def test_a_secret_in_a_command_is_not_shown(api: Service, inv: Inv) -> None:
    api.set(RELEASE_COMMAND="echo postgres://user:hunter2@db/app")
    released = inv("release --env=local")
    shown = inv("migrate --env=local")
    assert released.code == 0, released.err
    assert "hunter2" not in shown.out + shown.err + released.err.replace("postgres://user:hunter2@db/app", "", 1)


def test_it_works_without_git(api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> None:
    api.set(TAG="{env}-{date}", BUILDER="engine")
    monkeypatch.setenv("PATH", "/nowhere")
    released = inv("release --env=local --json")
    assert "@" in inv("status --env=local").out, released.err


def test_verify_says_what_is_wrong_and_exits_3(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    released = inv("release --env=local --json").document
    api.change("another version")
    inv("build --env=local")
    other = inv("push --env=local --json").document

    wrong = inv(f"verify --env=local --tag={other['tag']} --json")

    assert wrong.code == 3
    assert {c["name"]: c["ok"] for c in wrong.document["checks"]}["digest"] is False
    assert other["digest"] in wrong.err
    engine.containers.get(released["revision"]).stop(timeout=0)
    dead = inv("verify --env=local --json")
    assert dead.code == 3
    assert {c["name"]: c["ok"] for c in dead.document["checks"]}["health"] is False


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("deploy --env=--help", "--help"),
        ("deploy --env=lokal", "did you mean --env=local?"),
        ("deploy --env=local", "local.lock"),
        ("rollback --env=local", "No verified release"),
        ("rollback --env=local --to=nothing", "inv history"),
        ("traffic.split --env=local --to=x --percent=many", "--percent=many"),
        ("migrate.up --env=local", "RELEASE_COMMAND is not set"),
        ("verify --env=local", "inv pin --env=local"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_1(inv: Inv, line: str, sentence: str) -> None:
    refused = inv(line)
    assert refused.code in (1, 3)
    assert sentence in refused.err
    assert len(refused.err.strip().splitlines()) == 1


def test_an_engine_and_a_registry_that_are_down_are_said_so(
    api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        down = inv("release --env=local")
        assert down.code == 1
        assert "inv local.up" in down.err
    api.set(IMAGE=f"127.0.0.1:{free_port()}/nobody/here")
    down = inv("release --env=local")
    assert down.code == 1
    assert "does not answer" in down.err


def test_a_port_in_use_is_refused_and_nothing_is_left(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    with api.occupied():
        refused = inv("release --env=local")
    assert refused.code == 1, refused.err
    assert str(api.port) in refused.err
    assert not engine.containers.list(all=True, filters={"label": f"dockyard.service={api.service}"})
    assert inv("release --env=local").code == 0


def test_a_corrupt_pin_names_its_line(api: Service, inv: Inv) -> None:
    inv("release --env=local")
    api.lock.write_text("IMAGE=x\nDIGEST=sha256:short\n")
    refused = inv("deploy --env=local")
    assert refused.code == 1
    assert "local.lock:2" in refused.err


def test_a_protected_environment_must_be_named_and_its_tree_clean(
    api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.set(PROTECTED="true")
    monkeypatch.setenv("DOCKYARD_ENV", "local")
    assert "add --env=local" in inv("release").err
    (api.root / "new").touch()
    dirty = inv("release --env=local")
    assert dirty.code == 1
    subprocess.run(["git", "add", "--all"], cwd=api.root, check=True)
    api.commit()
    assert inv("release --env=local").code == 0
