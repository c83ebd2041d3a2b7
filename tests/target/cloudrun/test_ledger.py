"""The ledger: what is written into annotations comes back, and never outgrows what Cloud Run takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud import run_v2
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from tasks.environment.settings import Environment
from tasks.target import CheckResult, Release
from tasks.target.cloudrun import ledger
from tasks.target.cloudrun.ledger import Record

from .sample import NEW, OLD, RELEASE, REPOSITORY, SERVING, service, settings, template

AT = "2026-11-22T05:10:00Z"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ENVIRONMENT = Environment(root=Path(), name="prod", target="cloudrun", service="api", image=REPOSITORY)


@run(deadline=None)
@given(st.builds(Release, st.just(REPOSITORY), st.just(NEW), TEXTS, TEXTS, TEXTS, TEXTS, TEXTS))
def test_a_release_comes_back_as_it_was_whatever_its_texts_hold(release: Release) -> None:
    message = run_v2.RevisionTemplate(annotations=ledger.annotations(ENVIRONMENT, release, "f00"))
    sent = run_v2.RevisionTemplate.deserialize(run_v2.RevisionTemplate.serialize(message))
    assert ledger.release(release.reference, sent.annotations) == release
    assert ledger.spec(sent.annotations) == "f00"


def test_what_is_empty_has_no_annotation() -> None:
    assert ledger.annotations(ENVIRONMENT, Release(REPOSITORY, NEW), "") == {
        "dockyard.digest": NEW,
        "dockyard.env": "prod",
    }


def test_a_note_that_is_too_long_or_no_text_at_all_can_be_sent() -> None:
    long = ledger.annotations(ENVIRONMENT, replace(RELEASE, note="ü" * 5000), "")["dockyard.note"]
    assert len(long.encode()) <= 4096
    assert long.endswith("ü ...cut")
    odd = ledger.annotations(ENVIRONMENT, replace(RELEASE, by="\udcff@host"), "")["dockyard.by"]
    assert odd == "?@host"


@pytest.mark.parametrize(
    ("image", "release"),
    [
        (f"{REPOSITORY}@{OLD}", Release(REPOSITORY, OLD)),
        (f"{REPOSITORY}:v1", Release(REPOSITORY, "", tag="v1")),
        ("gcr.io/cloudrun/hello", Release("gcr.io/cloudrun/hello", "", tag="latest")),
    ],
)
def test_annotations_that_were_copied_onto_another_image_tell_nothing(image: str, release: Release) -> None:
    assert ledger.release(image, ledger.annotations(ENVIRONMENT, RELEASE, "f00")) == release


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CPU=2\nMEMORY=1Gi\n", "MEMORY=1024Mi\nCPU=2000m\n", True),
        ("ENV_A=1\nENV_B=2\n", "ENV_B=2\nENV_A=1\n", True),
        ("CHECK_A=GET / 200\nCANARY=10\nLOG_DENY=x\n", "", True),
        ("ENV_A=1\n", "ENV_A=2\n", False),
        ("ENV_A=b\n", "SECRET_A=b\n", False),
        ("CPU=2\n", "", False),
        ("PROCESS_W=a b\n", "PROCESS_W='a  c'\n", False),
        ("HEALTH_PATH=/a\n", "HEALTH_PATH=/b\n", False),
    ],
)
def test_settings_that_ask_alike_have_one_hash(tmp_path: Path, one: str, other: str, same: bool) -> None:
    first, second = (ledger.asked(settings(tmp_path, text)) for text in (one, other))
    assert (first == second) is same


def test_no_records_are_none() -> None:
    assert ledger.records(None) == {}
    assert ledger.records(service()) == {}


@pytest.mark.parametrize("text", ["", "x", "{}", "[1, null]", '[{"r": 1}]', '{"r": "a"}'])
def test_an_annotation_that_somebody_else_wrote_is_no_record(text: str) -> None:
    assert ledger.records(service(annotations={ledger.RELEASES: text})) == {}


def test_a_verified_revision_is_recorded_with_its_release_and_checks() -> None:
    live = service(template=template(annotations={"dockyard.digest": NEW, "dockyard.spec": "f00"}))
    checks = [CheckResult("health", True, "200"), CheckResult("GET /", None), CheckResult("log", False)]
    ledger.verified(live, SERVING, AT, checks)
    assert ledger.records(live) == {SERVING: Record(SERVING, AT, "health OK, GET / unverified, log FAILED", NEW, "f00")}
    assert live.annotations["owner"] == "bob"


def test_an_older_revision_keeps_what_its_record_said_of_its_release() -> None:
    live = service()
    ledger.verified(live, "api-00003-old", AT, [], digest=OLD, spec="f00")
    ledger.verified(live, SERVING, AT, [])
    ledger.verified(live, "api-00003-old", "2026-11-23T00:00:00Z", [])
    assert list(ledger.records(live).values()) == [
        Record("api-00003-old", "2026-11-23T00:00:00Z", "", OLD, "f00"),
        Record(SERVING, AT, "", OLD, ""),
    ]


def test_a_thousand_records_stay_far_below_what_cloud_run_takes_the_newest_first() -> None:
    live = service()
    for number in range(1000):
        checks = [CheckResult(f"CHECK_{number}_{word} ü", True) for word in "abcdefgh" * 8]
        ledger.verified(live, f"api-{number:05d}-abc", AT, checks, digest=NEW, spec="f" * 16)
    found = list(ledger.records(live))
    assert len(live.annotations[ledger.RELEASES].encode()) <= 64 * 1024
    assert len(found) > 50
    assert found == [f"api-{number:05d}-abc" for number in range(999, 999 - len(found), -1)]


@run(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), TEXTS), max_size=6))
def test_records_come_back_whatever_the_checks_are_called(found: list[tuple[str, str]]) -> None:
    live = service()
    for revision, name in found:
        ledger.verified(live, revision, AT, [CheckResult(name, True)])
    latest = {revision: f"{name} OK" for revision, name in found}
    assert {name: each.checks for name, each in ledger.records(live).items()} == latest
    assert "\n" not in json.dumps(live.annotations[ledger.RELEASES])
