"""What ECS itself says of a deployment and of the digest of its service revision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.target import CheckResult
from tasks.target.ecs.attest import attest, deployment
from tasks.target.ecs.manifests import Manifests
from tests.fakes.cloud import Cloud
from tests.target.ecs.looking import deployed, fleet, served, settings


def said(cloud: Cloud, root: Path, wanted: str, text: str = "") -> dict[str, CheckResult]:
    env = settings(cloud, root, text)
    look = fleet(env)
    entries = look.entries()
    found = attest(look.clients.ecs, env, Manifests(env.region), entries, wanted)
    return {each.name: each for each in found}


def test_what_was_rolled_out_is_said_by_ecs(cloud: Cloud, tmp_path: Path) -> None:
    digest = served(cloud, desired=2)
    cloud.reset_calls()
    found = said(cloud, tmp_path, digest)
    assert found["deployment"] == CheckResult("deployment", True, "web:1 is COMPLETED, 2 of 2 running")
    assert found["service revision"].ok is True
    assert digest in found["service revision"].detail
    assert cloud.calls == [("ecs", "DescribeServices"), ("ecs", "DescribeServiceRevisions")]


def test_another_digest_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    other = cloud.image("web", "v2")
    found = said(cloud, tmp_path, other)["service revision"]
    assert found.ok is False
    assert found.detail.endswith(f"not {other}")


def test_a_service_that_is_pinned_to_a_child_is_what_the_index_means(cloud: Cloud, tmp_path: Path) -> None:
    index = served(cloud)
    child = cloud.region().child(f"{cloud.repository('web')}@{index}")
    assert child != index
    deployed(cloud, child)
    assert said(cloud, tmp_path, index)["service revision"].ok is True


def test_what_ecs_resolved_counts_and_not_what_was_asked(cloud: Cloud, tmp_path: Path) -> None:
    other = cloud.image("web", "v2")
    digest = served(cloud)
    cloud.set(resolved=other)
    assert said(cloud, tmp_path, digest)["service revision"].ok is False


def test_without_service_revisions_nothing_is_verified() -> None:
    class Known:
        def describe_service_revisions(self, **_: Any) -> dict[str, Any]:
            return {"serviceRevisions": []}

    entry = {
        "deployments": [{"status": "PRIMARY", "taskDefinition": "x/web:1", "rolloutState": "COMPLETED"}],
        "currentServiceRevisions": [{"arn": "a"}],
    }
    found = attest(Known(), None, None, {"web": entry}, "sha256:1")  # type: ignore[arg-type]
    assert [(each.name, each.ok) for each in found] == [("deployment", True), ("service revision", None)]


def test_a_rollout_under_way_is_not_over(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    cloud.rollout(60)
    other = cloud.image("web", "v2")
    deployed(cloud, other)
    found = said(cloud, tmp_path, other)["deployment"]
    assert found.ok is False
    assert "web:2 is IN_PROGRESS beside web:1" in found.detail


def test_a_worker_is_attested_too(cloud: Cloud, tmp_path: Path) -> None:
    digest = served(cloud)
    served(cloud, "web-beat", "old")
    found = said(cloud, tmp_path, digest, "PROCESS_BEAT=beat\n")
    assert {name: each.ok for name, each in found.items()} == {
        "deployment": True,
        "service revision": True,
        "deployment of beat": True,
        "service revision of beat": False,
    }


def test_the_deployments_of_another_controller_are_unverified(cloud: Cloud) -> None:
    entry = {"deploymentController": {"type": "CODE_DEPLOY"}, "taskSets": [{"status": "PRIMARY"}]}
    assert deployment(cloud.client("ecs"), entry) == (
        None,
        "a deployment of the CODE_DEPLOY controller is not ECS' own",
    )


def test_a_strategy_without_a_rollout_state_has_that_of_its_service_deployment(cloud: Cloud) -> None:
    served(cloud)
    entry = cloud.running("web")
    del entry["deployments"][0]["rolloutState"], entry["deployments"][0]["rolloutStateReason"]
    assert deployment(cloud.client("ecs"), entry) == (True, "web:1 is SUCCESSFUL, 1 of 1 running")


def test_a_service_that_lacks_tasks_is_not_complete(cloud: Cloud) -> None:
    served(cloud, desired=2)
    entry = {**cloud.running("web"), "runningCount": 1}
    assert deployment(cloud.client("ecs"), entry) == (False, "web:1 is COMPLETED, 1 of 2 running")
