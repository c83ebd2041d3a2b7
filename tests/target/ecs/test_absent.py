"""What doctor says of AWS: what is missing, the command that mends it, and what is worth knowing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.target import Missing
from tasks.target.ecs.absent import missing
from tests.fakes.cloud import Cloud
from tests.target.ecs.looking import address, fleet, served, settings

QUIET = "URL=https://web.example.com\nHEALTH_PATH=/health\n"
AT = "--region=eu-north-1"


def found(cloud: Cloud, root: Path, text: str = QUIET) -> tuple[list[Missing], list[Missing]]:
    """What is needed, and what is worth knowing beside the credentials."""
    env = settings(cloud, root, text)
    look = fleet(env)
    every = missing(look)
    known = [each for each in every if not each.needed and not each.what.startswith("the credentials in use are ")]
    assert len(known) + sum(each.needed for each in every) == len(every) - 1 or not every[0].what.startswith("the cr")
    return [each for each in every if each.needed], known


@pytest.fixture
def whole(cloud: Cloud) -> Cloud:
    served(cloud)
    cloud.repository("web", immutable=True)
    return cloud


def test_where_nothing_is_missing_the_credentials_are_named(whole: Cloud, tmp_path: Path) -> None:
    env = settings(whole, tmp_path, QUIET)
    look = fleet(env)
    whole.reset_calls()
    (only,) = missing(look)
    assert only.what.startswith("the credentials in use are arn:aws:sts::123456789012:")
    assert not only.needed
    assert not any(name.startswith(("Put", "Create", "Register", "Update", "Delete")) for _, name in whole.calls)


def test_no_cluster_is_told_once_with_the_command_that_makes_it(cloud: Cloud, tmp_path: Path) -> None:
    cloud.repository("web", immutable=True)
    del cloud.region().clusters["c"]
    needed, _ = found(cloud, tmp_path)
    assert [each.what for each in needed] == ["there is no cluster c in eu-north-1"]
    assert f"aws ecs create-cluster --cluster-name=c {AT}" in needed[0].mend


def test_services_that_are_not_there_are_named_each(cloud: Cloud, tmp_path: Path) -> None:
    cloud.repository("web", immutable=True)
    needed, _ = found(cloud, tmp_path, f"{QUIET}PROCESS_BEAT=beat\nTASK_FAMILY=web-task\n")
    assert [each.what for each in needed] == [
        "there is no service web in cluster c",
        "there is no service web-beat in cluster c, in which PROCESS_BEAT is to run",
    ]
    assert f"aws ecs create-service --cluster=c --service-name=web {AT} --task-definition=web-task" in needed[0].mend
    assert "--service-name=web-beat" in needed[1].mend


def test_another_controller_is_named(whole: Cloud, tmp_path: Path) -> None:
    whole.service("web-beat", image=f"{address(whole)}:1", controller="CODE_DEPLOY")
    (needed,), _ = found(whole, tmp_path, f"{QUIET}PROCESS_BEAT=beat\n")
    assert "the deployments of web-beat are made by the CODE_DEPLOY controller" in needed.what
    assert "--deployment-controller=type=ECS" in needed.mend


def test_a_container_that_is_none_is_told_with_those_that_are(whole: Cloud, tmp_path: Path) -> None:
    (needed,), _ = found(whole, tmp_path, f"{QUIET}CONTAINER=api\n")
    assert "CONTAINER=api is no container of web:1" in needed.what
    assert "app, otel" in needed.what


def test_a_repository_that_is_not_there_is_told_with_the_command_that_makes_it(whole: Cloud, tmp_path: Path) -> None:
    del whole.region().repositories["web"]
    (needed,), _ = found(whole, tmp_path)
    assert needed.what == "ECR has no repository web in account 123456789012, eu-north-1"
    assert needed.mend == f"aws ecr create-repository {AT} --image-tag-mutability=IMMUTABLE --repository-name=web"


def test_a_log_group_that_is_not_there_is_missing(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    cloud.region().groups.found.clear()
    cloud.region().groups.created.clear()
    needed, _ = found(cloud, tmp_path)
    assert needed == [
        Missing("there is no log group /ecs/web", f"aws logs create-log-group --log-group-name=/ecs/web {AT}")
    ]


def test_what_is_worth_knowing_is_no_failure(cloud: Cloud, tmp_path: Path) -> None:
    cloud.image("web", "v1")
    image = f"{cloud.repository('web')}:v1"
    cloud.service("web", image=image, desired=0, circuit_breaker=(False, False))
    cloud.client("logs").create_log_group(logGroupName="/ecs/web")
    needed, known = found(cloud, tmp_path, "")
    assert needed == []
    said = " | ".join(each.what for each in known)
    for part in ("circuit breaker of web is off", "web is scaled to 0", "tags of web can be moved", "URL is not set"):
        assert part in said


def test_another_account_is_told(whole: Cloud, tmp_path: Path) -> None:
    (needed,), _ = found(whole, tmp_path, f"{QUIET}ACCOUNT=999999999999\n")
    assert needed.what == "they belong to account 123456789012, and ACCOUNT is 999999999999"
    assert "AWS_PROFILE" in needed.mend


def test_a_lock_that_may_not_be_read_is_worth_knowing(whole: Cloud, tmp_path: Path) -> None:
    whole.deny("ssm:GetParameter")
    needed, (known,) = found(whole, tmp_path)
    assert needed == []
    assert known.what.startswith("ssm:GetParameter is denied")
    assert "/dockyard/c/web/lock" in known.mend


def test_expired_credentials_are_told_once(whole: Cloud, tmp_path: Path) -> None:
    whole.expire()
    env = settings(whole, tmp_path, QUIET)
    look = fleet(env)
    (only,) = missing(look)
    assert only.needed
    assert "credentials have expired" in only.what


def test_a_denied_look_is_a_finding_and_stops_no_other(whole: Cloud, tmp_path: Path) -> None:
    whole.deny("ecr:DescribeRepositories")
    needed, _ = found(whole, tmp_path, f"{QUIET}ACCOUNT=999999999999\n")
    assert len(needed) == 2
    assert any("ecr:DescribeRepositories" in each.what for each in needed)


def test_logs_that_cannot_be_read_are_worth_knowing(cloud: Cloud, tmp_path: Path) -> None:
    cloud.repository("web", immutable=True)
    cloud.service("web", containers=[{"name": "app", "image": f"{address(cloud)}:1"}])
    needed, (known,) = found(cloud, tmp_path)
    assert needed == []
    assert known.what == "app of web:1 has no log driver: logs.tail and LOG_DENY read only awslogs"
