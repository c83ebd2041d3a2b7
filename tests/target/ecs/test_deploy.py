"""A deploy on ECS: what is asked of it, in which order, and what an operator is told when it fails."""

from __future__ import annotations

import pytest

from tests.fakes.cloud import Cloud
from tests.target.ecs.project import POLL, Project, changes


def test_a_deploy_registers_updates_waits_verifies_and_records(web: Project, cloud: Cloud) -> None:
    digest = web.pin("v2")
    cloud.reset_calls()
    done = web.inv("deploy --json --note=why")
    assert done.code == 0, done.err
    assert changes(cloud.calls) == [
        "PutParameter",
        "RegisterTaskDefinition",
        "UpdateService",
        "TagResource",
        "DeleteParameter",
    ]
    document = done.document
    assert (document["revision"], document["previous"], document["digest"]) == ("web:2", "web:1", digest)
    assert document["changed"]
    assert {each["name"]: each["ok"] for each in document["checks"]} == {
        "digest": True,
        "instances": True,
        "traffic": True,
        "deployment": True,
        "service revision": True,
    }
    assert web.serving() == "web:2"
    (release, *_) = web.inv("history --json").document["releases"]
    assert (release["revision"], release["verified"], release["note"], release["git_sha"]) == (
        "web:2",
        True,
        "why",
        "c0ffee",
    )


def test_nothing_is_sent_that_was_not_asked_for(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.inv("deploy")
    (update,) = cloud.requests("UpdateService")
    assert update == {"cluster": "c", "service": "web", "taskDefinition": f"{family(cloud)}:2"}


def family(cloud: Cloud) -> str:
    arn: str = cloud.task_definition("web:1")["taskDefinitionArn"]
    return arn.rpartition(":")[0]


def test_at_most_ten_calls_come_before_the_first_poll(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(0.5)
    cloud.reset_calls()
    assert web.inv("deploy").code == 0
    operations = [operation for _, operation in cloud.calls]
    assert operations.index(POLL) <= 10, operations


def test_a_deploy_that_is_over_at_once_takes_few_calls(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.reset_calls()
    assert web.inv("deploy").code == 0
    assert len(cloud.calls) <= 16, cloud.calls


@pytest.mark.parametrize("line", ["deploy --dry", "deploy.plan", "deploy.plan --json"])
def test_a_plan_changes_nothing(web: Project, cloud: Cloud, line: str) -> None:
    web.pin("v2")
    web.set(ENV_LOG_LEVEL="debug", PROCESS_WORKER="")
    cloud.reset_calls()
    done = web.inv(line)
    assert done.code == (0 if "--dry" in line else 2), done.err
    assert changes(cloud.calls) == []
    assert len(cloud.calls) == 2
    assert "LOG_LEVEL" in done.err
    assert cloud.running("web")["taskDefinition"].endswith("web:1")


def test_dry_changes_nothing_with_inv_s_own_flag_first(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.reset_calls()
    assert web.dockyard("--dry deploy --env=prod", web.root).code == 0
    assert changes(cloud.calls) == []


def test_a_plan_without_changes_registers_and_updates_nothing(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.inv("deploy")
    cloud.reset_calls()
    again = web.inv("deploy --json")
    assert (again.code, again.document["changed"]) == (0, False)
    assert changes(cloud.calls) == []
    assert web.inv("deploy.plan").code == 0


def test_what_runs_as_wanted_is_verified_without_another_task_definition(web: Project, cloud: Cloud) -> None:
    cloud.reset_calls()
    done = web.inv("deploy --json")
    assert (done.code, done.document["revision"]) == (0, "web:1"), done.err
    assert "RegisterTaskDefinition" not in web.calls()
    assert "UpdateService" not in web.calls()
    assert web.inv("deploy.plan").code == 0


def test_the_same_pin_is_deployed_anew_by_force(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.inv("deploy")
    cloud.reset_calls()
    done = web.inv("deploy --force --json")
    assert (done.code, done.document["revision"], done.document["changed"]) == (0, "web:2", True), done.err
    assert "RegisterTaskDefinition" not in web.calls()
    update = cloud.requests("UpdateService")[-1]
    assert update["forceNewDeployment"] is True
    assert update["taskDefinition"] == f"{family(cloud)}:2"


def test_a_count_is_sent_only_where_the_settings_name_it_and_nobody_owns_it(web: Project, cloud: Cloud) -> None:
    web.inv("deploy")
    web.set(REPLICAS="3")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert cloud.requests("UpdateService")[-1] == {"cluster": "c", "service": "web", "desiredCount": 3}
    assert cloud.running("web")["runningCount"] == 3
    cloud.autoscaled("web", 1, 4)
    web.set(REPLICAS="2")
    cloud.reset_calls()
    assert web.inv("deploy --json").document["changed"] is False
    assert "UpdateService" not in web.calls()


def test_a_throttled_deploy_goes_on(web: Project, cloud: Cloud) -> None:
    cloud.throttle(4)
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 0, done.err
    assert web.serving() == "web:2"


def test_a_deploy_whose_update_is_denied_changes_nothing(web: Project, cloud: Cloud) -> None:
    cloud.deny("ecs:UpdateService")
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 1, done.err
    assert "ecs:UpdateService" in done.err
    assert web.serving() == "web:1"
    cloud.front.faults.denied.clear()
    assert web.inv("deploy --json").document["revision"] == "web:2"


@pytest.mark.parametrize("wrong", [{"CLUSTER": "d"}, {"SERVICE": "gone"}, {"ACCOUNT": "210987654321"}])
def test_what_is_missing_is_a_sentence(web: Project, cloud: Cloud, wrong: dict[str, str]) -> None:
    web.set(**wrong)
    cloud.reset_calls()
    done = web.inv("deploy")
    (value,) = wrong.values()
    assert done.code == 1, done.err
    assert value in done.err
    assert done.err.count("\n") == 1
    assert changes(cloud.calls) == []


def test_expired_credentials_are_a_sentence(web: Project, cloud: Cloud) -> None:
    cloud.expire()
    done = web.inv("deploy")
    assert done.code == 1
    assert "expired" in done.err
    assert "Traceback" not in done.err


def test_a_migration_runs_the_new_digest_and_its_task_definition_is_deployed(web: Project, cloud: Cloud) -> None:
    web.set(RELEASE_COMMAND="alembic upgrade head")
    cloud.task_output(["migrated"])
    web.pin("v2")
    done = web.inv("deploy --json")
    assert (done.code, done.document["revision"]) == (0, "web:2"), done.err
    assert len(cloud.requests("RegisterTaskDefinition")) == 1
    assert "migrated" in done.err
