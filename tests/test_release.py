"""A whole release on the real engine: source to serving digest, again, back, and what is refused on the way."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import httpx
import pytest

from tests.conftest import Dockyard, Result
from tests.service import Service, clean, free_port


@pytest.fixture
def api(tmp_path: Path, engine: docker.DockerClient, repository: str, service: str) -> Iterator[Service]:
    """A project of its own with the tests' application, in git, and whatever it released taken away at the end."""
    made = Service(tmp_path / "päth with späces", service, repository, free_port())
    made.write()
    yield made
    clean(engine, service, repository)


@pytest.fixture
def inv(api: Service, dockyard: Dockyard) -> Callable[[str], Result]:
    """The command line in that project."""
    return lambda line: dockyard(line, api.root)


Inv = Callable[[str], Result]


def test_a_release_runs_the_digest_that_the_registry_holds(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    released = inv("release --env=local --note=first --json")

    assert released.code == 0, released.err
    document = released.document
    held = httpx.get(
        f"http://{api.repository.replace('/', '/v2/', 1)}/manifests/{document['tag']}",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )
    assert document["digest"] == held.headers["Docker-Content-Digest"]
    running = engine.containers.get(document["revision"]).image
    assert running
    assert f"{api.repository}@{document['digest']}" in running.attrs["RepoDigests"]
    assert api.get("/revision")["hostname"] == document["revision"]
    assert document["changed"] is True
    assert document["previous"] is None
    assert document["traffic"] == [{"revision": document["revision"], "percent": 100, "tag": ""}]
    assert {check["name"]: check["ok"] for check in document["checks"]} == dict.fromkeys(
        ("digest", "instances", "traffic", "health", "root", "log"), True
    )
    listed = inv("history --env=local --json").document["releases"]
    assert [(each["revision"], each["note"], each["verified"]) for each in listed] == [
        (document["revision"], "first", True)
    ]


def test_a_second_release_changes_nothing_until_something_changed_and_can_be_rolled_back(
    api: Service, inv: Inv
) -> None:
    first = inv("release --env=local --json").document
    again = inv("release --env=local --json")
    assert again.document["changed"] is False
    assert again.document["digest"] == first["digest"]
    assert inv("deploy.plan --env=local").code == 0

    api.change("the second version")
    second = inv("release --env=local --json").document
    assert (second["previous"], second["changed"]) == (first["revision"], True)
    assert second["digest"] != first["digest"]
    assert api.get("/revision")["hostname"] == second["revision"]

    back = inv("rollback --env=local --json")
    assert back.code == 0, back.err
    assert (back.document["revision"], back.document["previous"]) == (first["revision"], second["revision"])
    assert api.get("/revision")["hostname"] == first["revision"]
    assert f"DIGEST={first['digest']}" in api.lock.read_text()
    assert inv("verify --env=local").code == 0
    assert inv("deploy --env=local --json").document["changed"] is False

    named = inv(f"rollback --env=local --to={second['revision']} --json")
    assert named.document["digest"] == second["digest"]
    assert inv("status --env=local --json").document["pinned"] == second["digest"]


def test_traffic_is_split_by_percentage_migrated_and_reached_by_tag(api: Service, inv: Inv) -> None:
    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_VERSION="two")
    plan = inv("deploy.plan --env=local --json")
    assert plan.code == 2
    assert [change["what"] for change in plan.document["changes"]] == ["ENV_VERSION"]

    beside = inv("deploy --env=local --no-traffic --traffic-tag=staging --json")
    assert beside.code == 0, beside.err
    second = beside.document["revision"]
    assert {api.get("/revision")["hostname"] for _ in range(10)} == {first}
    assert api.get("/revision", host="staging.localhost")["hostname"] == second

    split = inv("traffic.split --env=local --to=staging --percent=20 --json")
    assert split.code == 0, split.err
    assert {each["revision"]: each["percent"] for each in split.document["traffic"]} == {first: 80, second: 20}
    answers = [api.get("/revision")["hostname"] for _ in range(100)]
    assert answers.count(second) == 20

    moved = inv("traffic.migrate --env=local --to=staging --json")
    assert moved.code == 0, moved.err
    assert {each["revision"]: each["percent"] for each in moved.document["traffic"]} == {second: 100}
    assert api.get("/revision")["hostname"] == second


def test_a_canary_goes_in_steps_to_all_of_the_traffic(api: Service, inv: Inv) -> None:
    inv("release --env=local")
    api.set(ENV_VERSION="two", CANARY="10,50", BAKE="100ms")
    stepped = inv("deploy --env=local --json")
    assert stepped.code == 0, stepped.err
    assert [f"has {percent} %" in stepped.err for percent in (10, 50)] == [True, True]
    assert stepped.document["traffic"] == [{"revision": stepped.document["revision"], "percent": 100, "tag": ""}]


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
    assert (status["revision"], status["traffic"]) == (first, [{"revision": first, "percent": 100, "tag": ""}])


def test_a_release_command_runs_before_traffic_and_its_failure_changes_nothing(api: Service, inv: Inv) -> None:
    api.set(RELEASE_COMMAND='python3 -c \'print("migrated", end="")\'')
    released = inv("release --env=local --json")
    assert released.code == 0, released.err
    assert "migrated" in released.err

    api.set(RELEASE_COMMAND="python3 -c 'raise SystemExit(7)'", ENV_VERSION="two")
    failed = inv("deploy --env=local")
    assert failed.code == 4
    assert "exit code 7" in failed.err
    assert api.get("/revision")["hostname"] == released.document["revision"]
    assert inv("migrate.up --env=local").code == 4


def test_a_rollback_is_not_judged_by_todays_checks_and_runs_no_migration(api: Service, inv: Inv) -> None:
    first = inv("release --env=local --also=latest --json").document
    api.set(CHECK_NEW="GET /health 200", ENV_VERSION="two")
    second = inv("deploy --env=local --json").document
    assert second["changed"] is True
    api.set(CHECK_NEW="GET /new 200", RELEASE_COMMAND="python3 -c 'raise SystemExit(7)'")

    back = inv("rollback --env=local --json")
    assert back.code == 0, back.err
    assert back.document["revision"] == first["revision"]
    moving = inv("rollback --env=local --tag=latest")
    assert moving.code == 1
    assert "latest" in moving.err


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


def test_a_canary_over_many_replicas_may_miss_by_a_weight(api: Service, inv: Inv) -> None:
    inv("release --env=local")
    api.set(REPLICAS="4", CANARY="13", BAKE="100ms")
    stepped = inv("deploy --env=local")
    assert stepped.code == 0, stepped.err


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


def test_a_dry_release_changes_nothing_anywhere(api: Service, inv: Inv, engine: docker.DockerClient) -> None:
    dry = inv("--dry release --env=local")
    assert dry.code == 0, dry.err
    assert not api.lock.exists()
    assert httpx.get(f"http://{api.repository.replace('/', '/v2/', 1)}/tags/list").status_code == 404
    assert not engine.containers.list(all=True, filters={"label": f"dockyard.service={api.service}"})

    first = inv("release --env=local --json").document["revision"]
    api.set(ENV_VERSION="two")
    for line in ("deploy", "release", f"traffic.migrate --to={first}"):
        assert inv(f"--dry {line} --env=local").code == 0
    assert [each["revision"] for each in inv("history --env=local --json").document["releases"]] == [first]


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


def test_logs_are_one_object_a_line(api: Service, inv: Inv) -> None:
    api.set(ENV_LOG="hello from the log")
    released = inv("release --env=local --json").document
    lines = [json.loads(line) for line in inv("logs.tail --env=local --filter=hello --json").out.splitlines()]
    assert [(line["source"], line["text"]) for line in lines] == [(released["revision"], "hello from the log")]
    assert inv("logs --env=local --since=soon").code == 1


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
