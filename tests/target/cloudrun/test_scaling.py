"""More or fewer instances: the service's own least number, without a new revision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from tasks.errors import DeployFailed, DockyardError
from tasks.target.cloudrun import running, scaling
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import change, deployed, fleet
from tests.target.cloudrun.project import Project

ONE = "web-00001-abc"
PATCH = "run.projects.locations.services.patch"


@pytest.fixture
def of(gcp: Cloud, tmp_path: Path) -> Fleet:
    found = fleet(gcp, tmp_path, "MIN_INSTANCES=1\nMAX_INSTANCES=5\n")
    deployed(gcp, found, ONE, "v1")
    gcp.forget()
    return found


def service(of: Fleet) -> run_v2.Service:
    found = of.read()
    assert found is not None
    return found


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_the_least_number_is_set_and_nothing_else(gcp: Cloud, of: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    before = service(of)
    scaling.scale(of, 3)
    (patch,) = [each for each in gcp.calls if each.method == PATCH]
    assert patch.request["updateMask"] == "scaling"
    assert patch.request["body"]["scaling"]["minInstanceCount"] == 3
    assert patch.request["body"]["etag"] == before.etag
    after = service(of)
    assert (after.scaling.min_instance_count, after.template) == (3, before.template)
    assert (after.annotations, list(after.traffic)) == (before.annotations, list(before.traffic))
    assert len(of.revisions()) == 1
    assert "gcloud run services update web --min=0" in capsys.readouterr().err


def test_the_same_number_again_changes_nothing(gcp: Cloud, of: Fleet) -> None:
    scaling.scale(of, 3)
    gcp.forget()
    scaling.scale(of, 3)
    assert PATCH not in gcp.methods()


def test_manual_scaling_gets_just_that_number(gcp: Cloud, of: Fleet) -> None:
    change(of, scaling=run_v2.ServiceScaling(scaling_mode=scaling.MANUAL, manual_instance_count=2))
    assert running.least(service(of)) == 2
    scaling.scale(of, 7)
    assert service(of).scaling.manual_instance_count == 7
    assert service(of).scaling.scaling_mode == scaling.MANUAL


def test_more_than_there_may_be_and_fewer_than_the_revision_keeps_are_refused(gcp: Cloud, of: Fleet) -> None:
    with pytest.raises(DockyardError, match=r"--replicas=6 is more than the 5 instances .* write MAX_INSTANCES=6"):
        scaling.scale(of, 6)
    deployed(gcp, of, "web-00002-abd", "v2")
    live = service(of)
    live.template.scaling.min_instance_count = 3
    change(of, template=live.template)
    with pytest.raises(DockyardError, match=r"--replicas=2 changes nothing: the revision itself keeps 3"):
        scaling.scale(of, 2)
    assert service(of).scaling.min_instance_count == 0


def test_no_service_cannot_be_scaled(gcp: Cloud, tmp_path: Path) -> None:
    with pytest.raises(DockyardError, match="There is no service web to scale"):
        scaling.scale(fleet(gcp, tmp_path), 2)


def test_what_somebody_changes_meanwhile_is_kept(gcp: Cloud, of: Fleet) -> None:
    gcp.meanwhile("run", "services.patch", lambda: gcp.run.edit("web", lambda each: each.update(description="theirs")))
    scaling.scale(of, 3)
    assert (service(of).scaling.min_instance_count, service(of).description) == (3, "theirs")


def test_a_number_that_does_not_come_about_is_set_back(gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise DeployFailed("Cloud Run has not brought it about within 20 s (DEPLOY_TIMEOUT).")

    monkeypatch.setattr(scaling, "settled", never)
    with pytest.raises(DeployFailed, match="DEPLOY_TIMEOUT"):
        scaling.scale(of, 3)
    assert service(of).scaling.min_instance_count == 0


def test_a_number_whose_answer_is_lost_is_set_back(gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    update = of.clients.services.update_service

    def interrupted(**asked: Any) -> Any:
        answer = update(**asked)
        if asked["request"].service.scaling.min_instance_count == 3:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(of.clients.services, "update_service", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scaling.scale(of, 3)
    assert service(of).scaling.min_instance_count == 0


def test_a_number_that_somebody_else_sets_meanwhile_stays(gcp: Cloud, of: Fleet) -> None:
    def theirs() -> None:
        gcp.run.edit("web", lambda each: each.update(scaling={"minInstanceCount": 4}))

    gcp.meanwhile("run", "services.patch", theirs, done=True)
    with pytest.raises(DeployFailed, match="Somebody else set the number to 4 meanwhile"):
        scaling.scale(of, 3)
    assert service(of).scaling.min_instance_count == 4


def test_the_verb_says_what_is_kept(web: Project) -> None:
    web.deployed("v1")
    done = web.inv("scale --replicas=3 --json")
    assert done.code == 0, done.err
    assert (done.document["replicas"], done.document["changed"], done.document["least"]) == (3, True, 3)
    assert "keeps at least 3 replicas." in done.err
    assert "The next deploy keeps 3 replicas." in done.err
    again = web.inv("scale --replicas=3 --json")
    assert (again.document["changed"], again.code) == (False, 0)
    assert "keeps    3 instances at least" in web.inv("status").out
    assert web.inv("verify --json").code == 0
    web.deployed("v2")
    assert web.service["scaling"]["minInstanceCount"] == 3
    assert web.lock == ""
