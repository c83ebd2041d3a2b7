"""The service as looks show it, and changes of it that overwrite nobody."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from tasks import environment
from tasks.errors import DeployFailed, DockyardError
from tasks.target.cloudrun.clients import Clients
from tasks.target.cloudrun.service import Fleet
from tests.target.cloudrun.project import Project

BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


@pytest.fixture
def fleet(web: Project) -> Fleet:
    """The service `web`, with two revisions that Dockyard never made."""
    web.cloud.run.make("web", "gcr.io/cloudrun/hello:1", revision="web-00001-abc")
    web.cloud.run.make("web", "gcr.io/cloudrun/hello:2", revision="web-00002-abc")
    return made(web)


def made(web: Project) -> Fleet:
    return Fleet(Clients(web.cloud.project, web.cloud.region), environment.load(Path(web.root), "prod"))


def note(text: str) -> Any:
    def edit(service: run_v2.Service) -> None:
        service.annotations["note"] = text

    return edit


@BOTH
def test_one_look_answers_all_that_is_asked_soon(fleet: Fleet, web: Project) -> None:
    first = fleet.lately().service
    assert first is not None
    assert fleet.lately().service is first
    assert [each.name.rpartition("/")[2] for each in fleet.revisions()] == ["web-00002-abc", "web-00001-abc"]
    assert fleet.revisions() is fleet.revisions()
    assert web.calls == ["services.get", "services.revisions.list"]
    fleet.forget()
    assert fleet.lately().service is not first


@BOTH
def test_a_service_that_is_not_there_is_none_and_has_no_revisions(web: Project) -> None:
    fleet = made(web)
    assert fleet.look().service is None
    assert fleet.revisions() == []
    assert fleet.revision("web-00001-abc") is None
    with pytest.raises(DeployFailed, match="There is no service web any more"):
        fleet.change(note("x"))


@BOTH
def test_a_change_of_annotations_makes_no_revision_and_keeps_the_look(fleet: Fleet, web: Project) -> None:
    fleet.look()
    fleet.change(note("x"))
    (sent,) = [each.request for each in web.cloud.calls if each.method.endswith("patch")]
    assert sent["updateMask"] == "annotations"
    assert set(sent["body"]) == {"etag", "annotations"}
    assert fleet.lately().service.annotations["note"] == "x"  # type: ignore[union-attr]
    fleet.change(note("y"))
    assert web.calls == ["services.get", "services.patch", "services.patch"]
    assert len(fleet.revisions()) == 2


def test_what_is_so_already_is_not_asked(fleet: Fleet, web: Project) -> None:
    fleet.change(note("x"))
    web.cloud.forget()
    fleet.change(note("x"))
    assert web.calls == []


@BOTH
def test_what_somebody_changed_meanwhile_is_kept(fleet: Fleet, web: Project) -> None:
    fleet.look()

    def label(document: dict[str, Any]) -> None:
        document["labels"] = {"team": "a"}
        document.setdefault("annotations", {})["theirs"] = "1"

    web.cloud.run.edit("web", label, wait=True)
    fleet.change(note("x"))
    assert web.service["labels"] == {"team": "a"}
    assert web.service["annotations"] == {"theirs": "1", "note": "x"}
    assert web.calls == ["services.get", "services.patch", "services.get", "services.patch"]


@BOTH
def test_a_change_whose_answer_was_lost_is_not_made_twice(fleet: Fleet, web: Project) -> None:
    fleet.look()
    web.cloud.fault("run", "services.patch", 503, lost=True)
    before = int(web.service["generation"])
    fleet.change(note("x"))
    assert int(web.service["generation"]) == before + 1


@BOTH
def test_a_refusal_that_is_no_conflict_is_not_tried_again(fleet: Fleet, web: Project) -> None:
    from google.api_core import exceptions

    fleet.look()
    web.cloud.fault("run", "services.patch", 400, "Constraint violated", reason="FAILED_PRECONDITION")
    with pytest.raises(exceptions.GoogleAPICallError, match="Constraint violated"):
        fleet.change(note("x"))
    assert web.calls.count("services.patch") == 1


def test_a_service_that_others_change_all_the_time_is_given_up(fleet: Fleet, web: Project) -> None:
    fleet.look()
    count = [0]

    def busy() -> None:
        count[0] += 1
        web.cloud.run.edit("web", lambda document: document.update(labels={"n": str(count[0])}))

    web.cloud.meanwhile("run", "services.patch", busy, times=99)
    with pytest.raises(DockyardError, match="is changed by others all the time"):
        fleet.change(note("x"))


def test_threads_change_one_after_the_other(fleet: Fleet, web: Project) -> None:
    def add(number: int) -> None:
        def edit(service: run_v2.Service) -> None:
            service.annotations[f"n{number}"] = "1"

        fleet.change(edit)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(web.service["annotations"]) == {f"n{number}" for number in range(5)}


@pytest.mark.parametrize("said", ["Project 'nothing' not found.", "Location nowhere is not found."])
def test_a_project_or_region_that_is_not_there_is_no_missing_service(web: Project, said: str) -> None:
    web.cloud.fault("run", "services.get", 404, said)
    with pytest.raises(DockyardError, match=r"Cloud Run does not know PROJECT=test-project with REGION=europe-west1"):
        made(web).look()
