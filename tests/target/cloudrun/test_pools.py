"""Workers of PROCESS_<NAME> as worker pools, which follow the revision that has got all of the traffic."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from tests.service import killed
from tests.target.cloudrun.project import Project, until

pytestmark = pytest.mark.usefixtures("hasty")
BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


def pool(web: Project, name: str = "web-queue") -> dict[str, Any]:
    """A worker pool's document."""
    found: dict[str, Any] = web.cloud.run.pools[f"{web.cloud.run.parent}/workerPools/{name}"].document()
    return found


def runs(web: Project, name: str = "web-queue") -> dict[str, int]:
    """The instances of a pool by revision."""
    return {each["revision"]: each["percent"] for each in pool(web, name)["instanceSplitStatuses"]}


def image(web: Project) -> str:
    """What the pool's serving revision runs."""
    (name,) = runs(web)
    found: str = web.cloud.run.pools[f"{web.cloud.run.parent}/workerPools/web-queue"].revisions[name].image
    return found


@BOTH
def test_a_first_deploy_makes_a_pool_for_each_worker(web: Project) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker", PROCESS_MAIL_SENDER="python -m mail")
    digest = web.pin("v1")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert image(web).endswith(f"@{digest}")
    assert pool(web)["template"]["containers"][0]["args"] == ["python", "-m", "queue_worker"]
    assert pool(web)["annotations"]["dockyard.of"] == done.document["revision"]
    assert set(runs(web, "web-mail-sender").values()) == {100}
    assert web.inv("deploy.plan").code == 0


@BOTH
def test_workers_follow_when_the_traffic_has_moved(web: Project) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker")
    web.deployed("v1")
    digest = web.pin("v2")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert image(web).endswith(f"@{digest}")
    assert web.changes.index("workerPools.patch") > web.changes.index("services.patch")
    assert web.changes.count("workerPools.patch") == 1


def test_a_worker_that_does_not_start_takes_the_whole_release_back(web: Project) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker")
    (old,) = web.deployed("v1")
    before = image(web)
    digest = web.pin("v2")
    web.cloud.run.broken(lambda template: digest in str(template) and "queue_worker" in str(template), message="No.")
    done = web.inv("deploy")
    assert done.code == 4
    assert "web-queue did not get ready" in done.err
    assert web.traffic == {old: 100}
    assert image(web) == before
    assert pool(web)["annotations"]["dockyard.of"] == old


def test_a_first_worker_that_does_not_start_is_deleted_again(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(PROCESS_QUEUE="python -m queue_worker")
    web.cloud.run.broken("queue_worker")
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert web.cloud.run.pools == {}
    assert web.traffic == {old: 100}


def test_a_rollback_returns_workers_to_their_own_revision(web: Project) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker")
    (first,) = web.deployed("v1")
    before, kept = image(web), runs(web)
    web.deployed("v2")
    assert image(web) != before
    done = web.inv("rollback --json")
    assert done.code == 0, done.err
    assert web.traffic == {first: 100}
    assert runs(web) == kept
    assert image(web) == before
    assert pool(web)["annotations"]["dockyard.of"] == first
    assert web.inv("deploy.plan").code == 0


def test_a_rollback_to_a_revision_without_workers_deploys_its_image_to_them(web: Project) -> None:
    web.deployed("v1")
    digest = web.inv("status --json").document["digest"]
    web.set(PROCESS_QUEUE="python -m queue_worker")
    web.deployed("v2")
    done = web.inv("rollback --json")
    assert done.code == 0, done.err
    assert image(web).endswith(f"@{digest}")


def test_workers_stay_while_a_revision_has_only_a_share(web: Project) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker")
    web.deployed("v1")
    before = image(web)
    web.pin("v2")
    new = web.inv("deploy --json --no-traffic").document["revision"]
    assert web.inv(f"traffic.split --to={new} --percent=50").code == 0
    assert image(web) == before
    assert web.inv(f"traffic.migrate --to={new}").code == 0
    assert image(web) != before


@BOTH
def test_a_pool_whose_change_is_not_answered_is_recognised(web: Project) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker")
    web.deployed("v1")
    digest = web.pin("v2")
    web.cloud.fault("run", "workerPools.patch", 503, lost=True)
    assert web.inv("deploy").code == 0
    assert image(web).endswith(f"@{digest}")
    assert len(web.cloud.run.pools[f"{web.cloud.run.parent}/workerPools/web-queue"].revisions) == 2


def test_a_worker_called_web_is_refused(web: Project) -> None:
    web.set(PROCESS_WEB="python -m web")
    web.pin("v1")
    done = web.inv("deploy")
    assert done.code == 1
    assert "PROCESS_WEB" in done.err


def test_an_interrupted_move_of_workers_ends_at_once(web: Project) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker", DEPLOY_TIMEOUT="300s")
    (old,) = web.deployed("v1")
    before = image(web)
    digest = web.pin("v2")
    web.cloud.run.broken(lambda template: digest in str(template) and "queue_worker" in str(template), how="never")
    deploy = web.start("deploy", "--env=prod")
    until(web, "workerPools.patch")
    time.sleep(1)
    deploy.send_signal(signal.SIGINT)
    _, err = deploy.communicate(timeout=20)
    assert deploy.returncode == 130, err
    assert web.traffic == {old: 100}
    assert image(web) == before
    assert web.lock == ""


@pytest.mark.parametrize("step", range(5, 9))
def test_a_release_that_is_killed_beside_its_workers_is_simply_typed_again(web: Project, step: int) -> None:
    web.set(PROCESS_QUEUE="python -m queue_worker")
    web.deployed("v1")
    digest = web.pin("v2")
    died, said = killed(web.root, "tests.target.cloudrun.killing", step, "deploy --env=prod")
    assert died, said
    again = web.inv("deploy")
    assert again.code == 0, f"{said}\n{again.err}"
    assert image(web).endswith(f"@{digest}")
    assert web.inv("deploy.plan").code == 0
