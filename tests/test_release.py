"""A whole release on the real engine: source to serving digest, again, by shares, and back."""

from __future__ import annotations

import json

import docker
import httpx

from tests.conftest import Inv
from tests.service import Service


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
    assert [(each["revision"], each["percent"]) for each in document["traffic"]] == [(document["revision"], 100)]
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
    assert [each["percent"] for each in stepped.document["traffic"]] == [100]
    assert stepped.document["traffic"][0]["revision"] == stepped.document["revision"]


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


def test_a_canary_over_many_replicas_may_miss_by_a_weight(api: Service, inv: Inv) -> None:
    inv("release --env=local")
    api.set(REPLICAS="4", CANARY="13", BAKE="100ms")
    stepped = inv("deploy --env=local")
    assert stepped.code == 0, stepped.err


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


def test_logs_are_shown_at_the_end_of_a_release_and_are_one_object_a_line(api: Service, inv: Inv) -> None:
    api.set(ENV_LOG="hello from the log")
    done = inv("release --env=local --json")
    assert "| hello from the log" in done.err
    released = done.document
    lines = [json.loads(line) for line in inv("logs.tail --env=local --filter=hello --json").out.splitlines()]
    assert [(line["source"], line["text"]) for line in lines] == [(released["revision"], "hello from the log")]
    assert inv("logs --env=local --since=soon").code == 1
