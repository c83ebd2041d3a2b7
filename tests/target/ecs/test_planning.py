"""What a deploy would change, by exact expected value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DockyardError, SettingError
from tasks.target import Change, Release
from tasks.target.ecs import planning
from tasks.target.ecs.service import Look

from .sample import ACCEPTED, NEW, OLD, RELEASE, live, settings, worker

VERIFIED = {"dockyard.verified": "2026-11-21T00:00:00Z"}
SAME = replace(RELEASE, digest=OLD)
SERVICE: dict[str, Any] = {
    "serviceName": "api",
    "desiredCount": 2,
    "deploymentConfiguration": {"strategy": "ROLLING", "maximumPercent": 200},
    "loadBalancers": [{"targetGroupArn": "t", "containerName": "api", "containerPort": 8000}],
}


def seen(tags: dict[str, str] = VERIFIED, **raw: Any) -> Look:
    return Look({**SERVICE, **raw}, live(tags=tags))


def changes(root: Path, text: str = "", release: Release = SAME, look: Look | None = None, **more: Any) -> list[Change]:
    return planning.changes(settings(root, text), release, look or seen(), ACCEPTED, **more)


def test_the_same_release_changes_nothing(tmp_path: Path) -> None:
    assert changes(tmp_path, "REPLICAS=2\nENV_MODE=fast\nLOG_GROUP=/ecs/api\nREAD_ONLY=false\n") == []


def test_another_digest_is_a_change(tmp_path: Path) -> None:
    assert changes(tmp_path, release=RELEASE) == [Change("IMAGE digest", OLD, NEW)]


def test_what_was_never_marked_is_a_change(tmp_path: Path) -> None:
    assert changes(tmp_path, look=seen({})) == [Change("verified", "no", "yes")]


def test_force_is_a_change(tmp_path: Path) -> None:
    assert changes(tmp_path, force=True) == [Change("revision", "api:42", "new (forced)")]


def test_replicas_count_only_where_they_are_named_and_nobody_else_owns_them(tmp_path: Path) -> None:
    assert changes(tmp_path, "REPLICAS=3\n") == [Change("REPLICAS", "2", "3")]
    assert changes(tmp_path, "REPLICAS=3\n", scaled=True) == []
    with pytest.raises(SettingError) as failure:
        changes(tmp_path, "REPLICAS=3\n", look=seen(schedulingStrategy="DAEMON"))
    assert failure.value.message == (
        "env/prod.env:6: api runs one task on each instance (DAEMON), so REPLICAS sets nothing; remove it."
    )


def test_a_strategy_is_a_change(tmp_path: Path) -> None:
    assert changes(tmp_path, "CANARY=10\nBAKE=5m\nDEPLOY_TIMEOUT=1h\n") == [
        Change("CANARY", "ROLLING", "CANARY 10 % for 5 min, then 5 min at 100 %")
    ]


def test_a_worker_s_changes_carry_the_name_of_its_service(tmp_path: Path) -> None:
    beside = Look({"serviceName": "api-worker", "desiredCount": 1}, worker())
    found = changes(
        tmp_path,
        "REPLICAS=2\nCANARY=10\n",
        RELEASE,
        seen(deploymentConfiguration={"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 10.0}}),
        workers=[(beside, ("celery", "beat"))],
    )
    assert found == [
        Change("IMAGE digest", OLD, NEW),
        Change("CANARY", "CANARY 10 % for 10 min", "CANARY 10 % for 1 min"),
        Change("api-worker IMAGE digest", OLD, NEW),
        Change("api-worker command", "celery worker", "celery beat"),
    ]


def test_a_definition_that_botocore_cannot_carry_over_is_refused_only_where_it_would_be(tmp_path: Path) -> None:
    found = Look(SERVICE, replace(live(tags=VERIFIED), unknown=("containerDefinitions[0].new",)))
    assert changes(tmp_path, look=found) == []
    with pytest.raises(
        DockyardError, match=r"^api:42 has containerDefinitions\[0\]\.new, which the installed botocore"
    ):
        changes(tmp_path, look=found, release=RELEASE)


def test_a_port_that_the_load_balancer_does_not_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as failure:
        changes(tmp_path, "PORT=9000\n")
    assert failure.value.message == (
        "env/prod.env:6: the load balancer of api sends requests to port 8000 of container api, not to PORT=9000; "
        "write PORT=8000, or change the service first."
    )
    assert changes(tmp_path, "PORT=9000\nENV_PORT=1\n", look=seen(loadBalancers=[])) == [
        Change("ENV_PORT", "", "1"),
        Change("portMappings.8000", "true", ""),
        Change("portMappings.9000", "", "true"),
    ]


def test_no_secret_is_in_a_plan(tmp_path: Path) -> None:
    found = changes(tmp_path, "ENV_DB_PASSWORD=hunter3\nENV_TOKEN=sk_live_hunter4x\n")
    assert [each.what for each in found] == ["ENV_DB_PASSWORD", "ENV_TOKEN", "SECRET_TOKEN"]
    assert "hunter" not in repr(found)
