"""What is said to run: by name and share, with the release, as far as Cloud Run tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.target import Current, Traffic
from tasks.target.cloudrun import pool, running
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import AT, change, deployed, digest, fleet, release, verified

ONE, TWO = "web-00001-abc", "web-00002-abd"
BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


def now(of: Fleet) -> Current:
    return running.current(of, of.look())


def test_nothing_runs_where_there_is_no_service(gcp: Cloud, tmp_path: Path) -> None:
    assert now(fleet(gcp, tmp_path, "URL=https://web.example.com\n")) == Current(None, url="https://web.example.com")


@BOTH
def test_what_serves_is_told_by_the_service_alone(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    verified(of, ONE)
    gcp.forget()
    found = now(of)
    assert gcp.methods() == ["run.projects.locations.services.get"]
    assert found.revision is not None
    assert (found.revision.name, found.revision.release) == (ONE, release(gcp, "v1"))
    assert (found.revision.verified, found.revision.running, found.revision.percent) == (True, True, 100)
    assert found.traffic == (Traffic(ONE, 100),)
    (instance,) = found.instances
    assert (instance.name, instance.process, instance.state, instance.digest) == (ONE, "web", "running", digest("v1"))
    assert found.url == of.read().uri  # type: ignore[union-attr]
    assert found.desired is None


def test_revisions_that_share_the_traffic_are_listed_once(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    deployed(gcp, of, TWO, "v2", [Traffic(ONE, 80, "old"), Traffic(TWO, 20, "staging")])
    gcp.forget()
    found = now(of)
    assert gcp.methods() == ["run.projects.locations.services.get", "run.projects.locations.services.revisions.list"]
    assert found.traffic == (Traffic(ONE, 80, "old"), Traffic(TWO, 20, "staging"))
    assert found.revision is not None
    assert (found.revision.name, found.revision.release.tag, found.revision.traffic_tag) == (ONE, "v1", "old")
    assert [(each.name, each.digest, each.state) for each in found.instances] == [
        (ONE, digest("v1"), "running"),
        (TWO, digest("v2"), "running"),
    ]


def test_a_candidate_without_traffic_is_no_instance_and_not_what_serves(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    deployed(gcp, of, TWO, "v2", [Traffic(ONE, 100), Traffic(TWO, 0, "candidate")])
    found = now(of)
    assert found.revision is not None
    assert found.revision.name == ONE
    assert found.traffic == (Traffic(ONE, 100), Traffic(TWO, 0, "candidate"))
    assert [each.name for each in found.instances] == [ONE]


def test_traffic_that_follows_the_latest_revision_is_told_by_its_name(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    change(of, traffic=[run_v2.TrafficTarget(type_=running.LATEST, percent=100)])
    found = now(of)
    assert found.traffic == (Traffic(ONE, 100),)
    assert found.revision is not None
    assert found.revision.release.digest == digest("v1")


def test_a_revision_that_somebody_deployed_by_tag_has_no_digest(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    live = of.read()
    assert live is not None
    live.template.containers[0].image = f"{of.environment.image}:latest"
    change(of, template=live.template, traffic=[run_v2.TrafficTarget(type_=running.LATEST, percent=100)])
    found = now(of)
    assert found.revision is not None
    assert (found.revision.release.digest, found.revision.release.tag) == ("", "latest")
    assert [each.digest for each in found.instances] == [""]
    assert not found.revision.verified


def test_a_serving_revision_that_failed_says_why(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    service = of.read()
    assert service is not None
    made = run_v2.Revision(name=f"{of.name}/revisions/{ONE}", containers=service.template.containers)
    made.conditions = [
        run_v2.Condition(
            type_="Ready",
            state=run_v2.Condition.State.CONDITION_FAILED,
            revision_reason=run_v2.Condition.RevisionReason.HEALTH_CHECK_CONTAINER_ERROR,
            message="it did not listen",
        )
    ]
    (instance,) = running.current(of, of.look(), [made]).instances
    assert (instance.state, instance.detail) == ("HEALTH_CHECK_CONTAINER_ERROR", "it did not listen")


def test_workers_run_as_processes_of_the_revision_they_belong_to(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, "PROCESS_MAIL=python mail.py\n")
    deployed(gcp, of, ONE, "v1")
    wanted = pool.wanted(
        None, of.environment, release(gcp, "v1"), "mail", ["python", "mail.py"], of=ONE, revision="web-mail-00001-abc"
    )
    of.clients.pools.create_worker_pool(parent=of.clients.parent, worker_pool=wanted, worker_pool_id="web-mail")
    found = now(of)
    web, mail = found.instances
    assert (web.process, mail.process) == ("web", "mail")
    assert (mail.name, mail.revision, mail.state, mail.digest) == (
        "web-mail-00001-abc",
        ONE,
        "running",
        digest("v1"),
    )


def test_the_least_number_of_instances_is_told(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, "MIN_INSTANCES=2\n")
    deployed(gcp, of, ONE, "v1")
    assert now(of).least == 2
    change(of, scaling=run_v2.ServiceScaling(min_instance_count=4))
    assert now(of).least == 4


def test_a_foreign_revision_says_who_made_it_and_when(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    (made,) = of.revisions()
    made.annotations.clear()
    service = of.read()
    assert service is not None
    found = running.revision(ONE, made, service, of.environment)
    assert found.release.by == made.creator != ""
    assert found.release.at > AT
    assert found.spec == ""
