"""The ledger as tags: within ECS' rules, and back again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from tasks.errors import DockyardError
from tasks.target import CheckResult, Release, Revision
from tasks.target.ecs import definition, ledger

from .sample import ACCEPTED, API, NEW, OLD, RELEASE, REPOSITORY, described, live, settings


def as_tags(tags: ledger.Tags) -> dict[str, str]:
    return {each["key"]: each["value"] for each in tags}


def test_a_release_is_tags() -> None:
    assert ledger.tags(RELEASE, "prod") == [
        {"key": "dockyard.digest", "value": NEW},
        {"key": "dockyard.tag", "value": "v2"},
        {"key": "dockyard.git_sha", "value": "c0ffee"},
        {"key": "dockyard.by", "value": "alice@example.com"},
        {"key": "dockyard.at", "value": "2026-11-22T05:05:00Z"},
        {"key": "dockyard.note", "value": "a=2C b"},
        {"key": "dockyard.env", "value": "prod"},
    ]
    assert ledger.tags(RELEASE, "prod", of="api:43")[-1] == {"key": "dockyard.of", "value": "api:43"}


def test_a_release_comes_back_from_its_definition(tmp_path: Path) -> None:
    it = settings(tmp_path)
    request = definition.wanted(live(), it, RELEASE, ACCEPTED)
    registered = live({**described(), **request}, as_tags(ledger.tags(RELEASE, "prod")))
    assert ledger.release(registered, it) == RELEASE
    assert ledger.of(live(tags=as_tags(ledger.tags(RELEASE, "prod", of="api:43")))) == "api:43"


def test_a_definition_that_dockyard_never_made_tells_what_it_can(tmp_path: Path) -> None:
    it = settings(tmp_path)
    assert ledger.release(live(), it) == Release(REPOSITORY, OLD, by="bob", at="2026-11-01T12:00:00Z")
    tagged = live(described(containerDefinitions=[{**API, "image": f"{REPOSITORY}:v1"}]))
    assert ledger.release(tagged, it) == Release(REPOSITORY, "", tag="v1", by="bob", at="2026-11-01T12:00:00Z")


def test_a_definition_whose_container_was_renamed_tells_its_digest_by_tag(tmp_path: Path) -> None:
    it = settings(tmp_path, "CONTAINER=gone\n")
    found = ledger.release(live(tags=as_tags(ledger.tags(RELEASE, "prod"))), it)
    assert (found.image, found.digest, found.tag) == (REPOSITORY, NEW, "v2")


def test_a_revision_is_verified_by_its_tags(tmp_path: Path) -> None:
    it = settings(tmp_path)
    checks = [CheckResult("digest", True), CheckResult("log", None), CheckResult("a, b", False)]
    tags = ledger.verified("2026-11-22T05:06:00Z", checks)
    assert tags == [
        {"key": "dockyard.verified", "value": "2026-11-22T05:06:00Z"},
        {"key": "dockyard.checks", "value": "digest OK=2C log unverified=2C a=2C b FAILED"},
    ]
    assert ledger.revision(live(), it, running=False, percent=0).verified is False
    found = ledger.revision(live(described(status="INACTIVE"), as_tags(tags)), it, running=True, percent=100)
    assert found == Revision(
        "api:42",
        ledger.release(live(), it),
        verified=True,
        running=True,
        percent=100,
        startable=False,
        spec=ledger.spec(live(), it),
    )


def test_two_revisions_are_one_spec_where_only_the_image_and_what_ecs_adds_differ(tmp_path: Path) -> None:
    it = settings(tmp_path)
    first = live()
    second = live({**described(revision=43), **definition.wanted(first, it, RELEASE, ACCEPTED)})
    other = settings(tmp_path, "ENV_MODE=slow\n")
    third = live({**described(), **definition.wanted(first, other, RELEASE, ACCEPTED)})
    assert re.fullmatch(r"[0-9a-f]{16}", ledger.spec(first, it))
    assert ledger.spec(first, it) == ledger.spec(second, it) != ledger.spec(third, it)


def test_foreign_tags_are_carried_over_without_those_of_the_last_release_and_of_aws() -> None:
    found = live(tags={"team": "blue, green", "aws:cloudformation:stack": "s", **as_tags(ledger.tags(RELEASE, "prod"))})
    assert ledger.carried(found) == [{"key": "team", "value": "blue, green"}]


def test_tags_that_leave_no_room_for_the_ledger_are_refused() -> None:
    full = {f"t{number}": "x" for number in range(ledger.MOST - len(ledger.OWN))}
    assert len(ledger.carried(live(tags=full))) == 39
    with pytest.raises(DockyardError) as failure:
        ledger.carried(live(tags={**full, "more": "x"}))
    assert failure.value.message == (
        "api:42 has 40 tags, which leaves no room for the 11 of the ledger: ECS takes 50. Remove some: aws ecs "
        "untag-resource --resource-arn arn:aws:ecs:eu-north-1:180703226577:task-definition/api:42 --tag-keys KEY"
    )


def test_a_long_note_is_cut_and_says_so() -> None:
    value = ledger.encoded("é" * 300)
    assert len(value) <= 256
    assert ledger.decoded(value) == "é" * 41 + " ...cut"
    assert ledger.encoded("x" * 256) == "x" * 256


@run(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("aws:=,é ", max_size=80))
def test_any_text_is_a_tag_s_value_and_comes_back(text: str) -> None:
    value = ledger.encoded(text)
    assert re.fullmatch(r"[A-Za-z0-9 +\-=._:/@]{0,256}", value)
    assert not value.lower().startswith("aws:")
    if not value.endswith(ledger.CUT):
        assert ledger.decoded(value) == text


def test_every_tag_of_a_release_is_one_that_ecs_takes() -> None:
    strange = replace(RELEASE, by="aws:ü\n", note="x" * 999, tag="t" * 128)
    for each in [*ledger.tags(strange, "prod", of="f" * 255), *ledger.verified("t", [CheckResult("é" * 99, True)])]:
        assert re.fullmatch(r"dockyard\.[a-z_]{1,119}", each["key"])
        assert re.fullmatch(r"[A-Za-z0-9 +\-=._:/@]{1,256}", each["value"])
