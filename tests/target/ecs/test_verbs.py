"""What runs, what ran before, and what is missing, through the command line."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

import pytest

from tests.server import serving
from tests.target.ecs.project import Project, changes


class Healthy(BaseHTTPRequestHandler):
    """Answers 200 to everything, 503 to /broken."""

    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


def checks(document: dict[str, object]) -> dict[str, bool | None]:
    """The checks of a document, by name."""
    found = document["checks"]
    assert isinstance(found, list)
    return {each["name"]: each["ok"] for each in found}


def test_status_shows_service_deployments_tasks_and_events(web: Project) -> None:
    web.cloud.crash("web", exit_code=3)
    digest = web.pin("v1")
    found = web.inv("status --json").document
    assert (found["service"], found["revision"], found["digest"]) == ("web", "web:1", digest)
    assert (found["running"], found["desired"]) == (2, 2)
    assert found["traffic"] == [{"revision": "web:1", "percent": 100, "tag": ""}]
    assert [(each["revision"], each["state"]) for each in found["instances"]] == [("web:1", "RUNNING")] * 2
    assert found["deployments"][0]["state"] == "PRIMARY COMPLETED"
    assert len(found["stopped"]) == 2
    assert "exited with code 3" in found["stopped"][0]["detail"]
    assert 0 < len(found["events"]) <= 10
    assert changes(web.cloud.calls) == []


def test_status_says_the_same_to_people(web: Project) -> None:
    web.cloud.crash("web", exit_code=3)
    said = web.inv("status").out
    lines = said.splitlines()
    assert lines[0] == "web:1 (not verified)"
    assert "  running  2 of 2" in lines
    assert any(line.startswith("  deploy   ") and "web:1 PRIMARY COMPLETED" in line for line in lines)
    assert sum(line.startswith("  stopped  ") for line in lines) == 2
    assert any(line.startswith("  event    ") for line in lines)


def test_verify_compares_tasks_and_service_revision_with_the_pin(web: Project) -> None:
    found = web.inv("verify --json")
    assert found.code == 0, found.err
    assert checks(found.document) == {
        "digest": True,
        "instances": True,
        "traffic": True,
        "deployment": True,
        "service revision": True,
    }


@pytest.mark.parametrize(("ran", "digest"), [("child", True), ("missing", None)])
def test_a_child_of_the_pin_is_accepted_and_a_missing_digest_is_unverified(
    web: Project, ran: str, digest: bool | None
) -> None:
    web.cloud.set(digests=ran)
    web.cloud.crash("web")  # the tasks that replace those tell it so
    found = web.inv("verify --json")
    assert found.code == 0, found.err
    assert checks(found.document)["digest"] is digest


def test_verify_refuses_another_digest_than_the_pins(web: Project) -> None:
    web.pin("v2")
    found = web.inv("verify --json")
    assert found.code == 3
    assert {name for name, ok in checks(found.document).items() if ok is False} == {"digest", "service revision"}


def test_verify_compares_with_a_tag_of_the_registry(web: Project) -> None:
    web.pin("v2")
    assert web.inv("verify --tag=v1").code == 0
    other = web.inv("verify --tag=v2")
    assert other.code == 3
    assert "tag v2 is sha256:" in other.err
    absent = web.inv("verify --tag=v3")
    assert absent.code == 1
    assert "v3 is not in the registry" in absent.err


def test_verify_asks_the_url_and_scans_the_log(web: Project) -> None:
    with serving(Healthy) as address:
        web.set(URL=f"http://{address}", HEALTH_PATH="/health", CHECK_DOCS="GET /docs 200", LOG_DENY="Traceback")
        found = web.inv("verify --json")
        assert found.code == 0, found.err
        asked = list(checks(found.document).items())[-3:]
        assert [ok for _, ok in asked] == [True, True, True], asked
        web.set(HEALTH_PATH="/broken")
        broken = web.inv("verify")
        assert broken.code == 3
        assert "503" in broken.err


def test_verify_finds_a_line_that_no_log_may_hold(web: Project) -> None:
    web.cloud.set(startup=("ready", "Traceback (most recent call last):"))
    web.cloud.crash("web")
    web.set(LOG_DENY="Traceback")
    found = web.inv("verify --json")
    assert found.code == 3
    assert checks(found.document)["log"] is False


def test_verify_sees_that_tasks_are_missing(web: Project) -> None:
    web.cloud.rollout(60)
    web.cloud.client("ecs").update_service(cluster="c", service="web", desiredCount=3)
    found = web.inv("verify --json")
    assert found.code == 3
    assert checks(found.document)["instances"] is False


def test_verify_sees_a_worker_that_runs_something_else(web: Project) -> None:
    web.service("web-beat", image=f"{web.image}@{web.cloud.image('web', 'old')}")
    web.set(PROCESS_BEAT="celery beat")
    found = web.inv("verify --json")
    assert found.code == 3
    assert checks(found.document)["service revision of beat"] is False


def test_history_lists_what_dockyard_made_and_what_it_did_not(web: Project) -> None:
    web.pin("v2")
    assert web.inv("deploy --note='second one'").code == 0
    found = web.inv("history --json").document["releases"]
    assert [(each["revision"], each["tag"], each["verified"], each["percent"]) for each in found] == [
        ("web:2", "v2", True, 100),
        ("web:1", "", False, 0),
    ]
    assert found[0].keys() == {"revision", "digest", "tag", "git_sha", "by", "at", "note", "verified", "percent"}
    assert (found[0]["note"], found[0]["git_sha"]) == ("second one", "c0ffee")
    said = web.inv("history --limit=1").out
    assert "web:2" in said
    assert "verified" in said
    assert "web:1" not in said


def test_prune_deregisters_what_a_rollback_does_not_need(web: Project) -> None:
    for tag in ("v2", "v3", "v4"):
        web.pin(tag)
        assert web.inv("deploy").code == 0
    web.cloud.reset_calls()
    shown = web.inv("prune --keep=1 --json --dry").document
    assert [each["name"] for each in shown["removed"]] == ["web:2"]
    assert changes(web.cloud.calls) == []
    done = web.inv("prune --keep=1 --json").document
    assert [each["name"] for each in done["removed"]] == ["web:2"]
    assert done["kept"] == ["web:4", "web:3", "web:1"]
    assert web.cloud.requests("DeregisterTaskDefinition") == [{"taskDefinition": "web:2"}]
    assert web.inv("rollback").code == 0


def test_doctor_names_the_credentials_and_what_is_missing(web: Project) -> None:
    found = web.inv("doctor --json").document["checks"]
    target = [each for each in found if each["name"] == "target"]
    assert target[0] == {"name": "target", "ok": True, "detail": "AWS ECS answers"}
    assert any("arn:aws:sts::123456789012:" in each["detail"] and each["ok"] is None for each in target)
    web.set(PROCESS_BEAT="celery beat")
    missing = web.inv("doctor")
    assert missing.code == 1
    assert "MISSING  target: there is no service web-beat in cluster c" in missing.out


def test_images_lists_the_newest_pushes_and_what_serves(web: Project) -> None:
    web.pin("v2")
    found = web.inv("images --json").document
    assert [each["tags"] for each in found["images"]] == [["v2"], ["v1"]]
    assert all(each["pushed_at"] and each["size"] for each in found["images"])
    assert "serves" in next(line for line in web.inv("images").out.splitlines() if "v1" in line)


@pytest.mark.parametrize("verb", ["status", "verify", "history", "prune"])
def test_expired_credentials_are_a_sentence(web: Project, verb: str) -> None:
    web.cloud.expire()
    found = web.inv(verb)
    assert found.code == 1
    assert "credentials have expired" in found.err
    assert "Traceback" not in found.err
