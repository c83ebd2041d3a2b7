"""`scale` on ECS: more and fewer tasks, who owns their number, and what does not come up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import DeployFailed, DockyardError, Locked
from tasks.target.ecs import scaling
from tasks.target.ecs.service import WEB, Service
from tests.conftest import Dockyard, Project
from tests.fakes.cloud import Cloud
from tests.target.ecs.looking import fleet, settings

Scale = Callable[..., None]
BOUNDS = (
    "Application Auto Scaling owns the number of tasks of service/c/web, 1 to 4: change its bounds with "
    "aws application-autoscaling register-scalable-target --service-namespace ecs --scalable-dimension "
    "ecs:service:DesiredCount --resource-id service/c/web --min-capacity N --max-capacity N."
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other fast."""
    monkeypatch.setattr(scaling, "POLL", 0.05)


@pytest.fixture
def web(cloud: Cloud) -> str:
    """A service of two tasks."""
    return cloud.service("web", desired=2)


@pytest.fixture
def service(cloud: Cloud, tmp_path: Path) -> Service:
    """The service of the settings, which may not be there."""
    return fleet(settings(cloud, tmp_path)).services[WEB]


@pytest.fixture
def scale(web: str, service: Service) -> Scale:
    """Scale it, without a lock."""

    def to(replicas: int, timeout: float = 20.0, fence: Callable[[], None] = lambda: None) -> None:
        scaling.scale(service, replicas, timeout, fence)

    return to


def counts(cloud: Cloud) -> tuple[int, int]:
    """How many tasks are wanted, and run."""
    seen = cloud.running("web")
    return seen["desiredCount"], seen["runningCount"]


def test_it_returns_once_so_many_tasks_run(scale: Scale, cloud: Cloud) -> None:
    cloud.rollout(1.0)
    began = time.monotonic()
    scale(4)
    assert counts(cloud) == (4, 4)
    assert time.monotonic() - began >= 0.4
    assert cloud.requests("UpdateService") == [{"cluster": "c", "service": "web", "desiredCount": 4}]
    cloud.rollout(0.0)
    scale(1)
    assert counts(cloud) == (1, 1)


def test_what_is_so_already_is_not_asked_for(scale: Scale, cloud: Cloud) -> None:
    scale(2)
    assert cloud.requests("UpdateService") == []


def test_a_number_that_autoscaling_owns_is_left_to_it(scale: Scale, cloud: Cloud) -> None:
    cloud.autoscaled("web", 1, 4)
    with pytest.raises(DockyardError) as refused:
        scale(3)
    assert refused.value.message == BOUNDS
    assert refused.value.exit_code == 1
    assert cloud.requests("UpdateService") == []


def test_whoever_may_not_ask_autoscaling_is_told_and_goes_on(
    scale: Scale, cloud: Cloud, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.deny("application-autoscaling:DescribeScalableTargets")
    scale(3)
    assert counts(cloud) == (3, 3)
    assert "Whether autoscaling owns the number of tasks is not known" in capfd.readouterr().err


def test_a_daemon_has_no_number(service: Service, cloud: Cloud) -> None:
    cloud.service("web", schedulingStrategy="DAEMON")
    with pytest.raises(DockyardError, match="web is a DAEMON service, one task on each instance"):
        scaling.scale(service, 3, 5.0, lambda: None)


def test_a_service_that_is_not_there_is_named(service: Service) -> None:
    with pytest.raises(DockyardError, match="There is no service web in cluster c any more"):
        scaling.scale(service, 3, 5.0, lambda: None)


def test_tasks_that_do_not_come_up_are_not_asked_for_any_longer(scale: Scale, cloud: Cloud) -> None:
    cloud.rollout(60.0)
    with pytest.raises(DeployFailed) as failed:
        scale(4, timeout=0.5)
    said = str(failed.value.message).splitlines()
    assert said[0] == "web has 2 of 4 tasks running and 2 pending after 0.5 s (DEPLOY_TIMEOUT)."
    assert any("has started 2 tasks" in each for each in said[1:]), said
    assert counts(cloud)[0] == 2
    assert [each["desiredCount"] for each in cloud.requests("UpdateService")] == [4, 2]


def test_where_it_cannot_be_set_back_the_command_is_named(scale: Scale, cloud: Cloud) -> None:
    cloud.rollout(60.0)
    cloud.fail("UpdateService", "AccessDeniedException", times=1, after=1)
    with pytest.raises(DeployFailed) as failed:
        scale(4, timeout=0.2)
    assert "The number could not be set back: AWS denies UpdateService" in str(failed.value.message)
    assert str(failed.value.message).endswith("aws ecs update-service --cluster c --service web --desired-count 2.")
    assert counts(cloud)[0] == 4


def test_an_interruption_sets_it_back(scale: Scale, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scaling, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scale(3)
    assert counts(cloud)[0] == 2


def test_a_number_that_somebody_else_sets_meanwhile_holds(scale: Scale, cloud: Cloud) -> None:
    cloud.rollout(60.0)
    other = threading.Timer(
        0.5, cloud.client("ecs").update_service, kwargs={"cluster": "c", "service": "web", "desiredCount": 5}
    )
    other.start()
    with pytest.raises(DeployFailed, match="Somebody else set the number of tasks of web to 5 meanwhile"):
        scale(3)
    other.join()
    assert counts(cloud)[0] == 5


def test_a_lost_lock_changes_nothing(scale: Scale, cloud: Cloud) -> None:
    def lost() -> None:
        raise Locked("lost")

    with pytest.raises(Locked):
        scale(3, fence=lost)
    assert cloud.requests("UpdateService") == []


@pytest.fixture
def root(web: str, cloud: Cloud, project: Project) -> Path:
    """A project with that service in it."""
    image = cloud.task_definition("web")["containerDefinitions"][0]["image"].partition("@")[0]
    text = f"TARGET=ecs\nREGION=eu-north-1\nCLUSTER=c\nSERVICE=web\nIMAGE={image}\nURL=http://127.0.0.1:9\n"
    return project(prod=text, counted=f"{text}REPLICAS=2\nDEPLOY_TIMEOUT=1s\n")


def test_the_verb_says_that_the_next_deploy_keeps_it(root: Path, cloud: Cloud, dockyard: Dockyard) -> None:
    scaled = dockyard("scale --env=prod --replicas=3 --json", root)
    assert scaled.code == 0, scaled.err
    assert (scaled.document["replicas"], scaled.document["changed"]) == (3, True)
    assert scaled.err.splitlines() == ["web:1 has 3 replicas.", "The next deploy keeps 3 replicas."]
    assert counts(cloud) == (3, 3)


def test_the_verb_says_which_line_the_next_deploy_goes_back_to(root: Path, cloud: Cloud, dockyard: Dockyard) -> None:
    scaled = dockyard("scale --env=counted --replicas=3", root)
    assert scaled.code == 0, scaled.err
    assert scaled.err.splitlines()[1] == (
        "The next deploy goes back to 2 replicas: env/counted.env:7 says REPLICAS=2; write 3 there to keep it."
    )


def test_the_verb_says_what_a_scaling_that_failed_has_left(root: Path, cloud: Cloud, dockyard: Dockyard) -> None:
    cloud.rollout(60.0)
    failed = dockyard("scale --env=counted --replicas=3", root)
    assert failed.code == 4, failed.err
    assert failed.err.endswith("What was new is removed again; web:1 serves with 2 replicas, as before.\n")
    cloud.fail("UpdateService", "AccessDeniedException", times=1, after=1)
    failed = dockyard("scale --env=counted --replicas=3", root)
    assert failed.code == 4, failed.err
    assert failed.err.endswith("web:1 is left with 3 replicas, not with 2 as before: see inv status --env=counted.\n")


def test_the_verb_refuses_what_autoscaling_owns(root: Path, cloud: Cloud, dockyard: Dockyard) -> None:
    cloud.autoscaled("web", 1, 4)
    refused = dockyard("scale --env=prod --replicas=3", root)
    assert (refused.code, refused.err) == (1, f"{BOUNDS}\n")
