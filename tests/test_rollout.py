"""What a rollout asks of the platform, and which revision a rollback takes: pure, by exact value."""

from __future__ import annotations

import pytest

from tasks.errors import DockyardError, SettingError
from tasks.rollback import choose
from tasks.rollout import serving, shares
from tasks.target import Current, Instance, Release, Revision, Rollout, Traffic
from tasks.verify import digest_check, traffic_check

A, B, C = "api-00001-aaa", "api-00002-bbb", "api-00003-ccc"
DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64


def rollout(*before: Traffic, created: bool = True) -> Rollout:
    return Rollout(C, Release("r/api", DIGEST), before, created)


def revision(
    name: str, *, verified: bool = True, startable: bool = True, digest: str = DIGEST, tag: str = "", spec: str = ""
) -> Revision:
    return Revision(name, Release("r/api", digest, tag), verified=verified, startable=startable, spec=spec or name)


@pytest.mark.parametrize(
    ("before", "percent", "tag", "after"),
    [
        ((), 100, "", [Traffic(C, 100)]),
        ((), 10, "", [Traffic(C, 100)]),
        ((Traffic(B, 100),), 100, "", [Traffic(C, 100)]),
        ((Traffic(B, 100),), 10, "", [Traffic(C, 10), Traffic(B, 90)]),
        ((Traffic(A, 80), Traffic(B, 20)), 50, "", [Traffic(C, 50), Traffic(A, 40), Traffic(B, 10)]),
        ((Traffic(A, 50), Traffic(B, 50)), 1, "", [Traffic(C, 1), Traffic(A, 50), Traffic(B, 49)]),
        ((Traffic(B, 100),), 0, "staging", [Traffic(C, 0, "staging"), Traffic(B, 100)]),
        ((Traffic(B, 100), Traffic(A, 0, "staging")), 0, "staging", [Traffic(C, 0, "staging"), Traffic(B, 100)]),
        ((Traffic(B, 100), Traffic(A, 0, "blue")), 100, "", [Traffic(C, 100), Traffic(A, 0, "blue")]),
        ((Traffic(B, 100), Traffic(C, 0, "staging")), 100, "", [Traffic(C, 100, "staging")]),
        ((Traffic(B, 100, "staging"),), 100, "", [Traffic(C, 100)]),
        ((Traffic(B, 100, "staging"),), 10, "", [Traffic(C, 10), Traffic(B, 90, "staging")]),
        ((Traffic(B, 80), Traffic(C, 20)), 60, "", [Traffic(C, 60), Traffic(B, 40)]),
    ],
)
def test_shares_keep_the_others_proportion_and_sum_to_100(
    before: tuple[Traffic, ...], percent: int, tag: str, after: list[Traffic]
) -> None:
    given = shares(rollout(*before), percent, tag)
    assert given == after
    assert sum(each.percent for each in given) == 100


def test_an_undo_says_what_serves() -> None:
    assert serving(rollout(Traffic(B, 100))) == f"It was undone; {B} serves."
    assert serving(rollout()) == "It was undone; nothing serves."


def test_rollback_takes_the_newest_verified_other_than_the_serving_one() -> None:
    history = [revision(C), revision(B, verified=False), revision(A)]
    assert choose(history, C, "local") == history[2]
    assert choose(history, A, "local") == history[0]


def test_rollback_passes_over_a_revision_of_the_very_same_release() -> None:
    history = [revision(C, spec="x"), revision(B, spec="x"), revision(A, spec="x", digest=OTHER)]
    assert choose(history, C, "local") == history[2]


def test_rollback_without_a_verified_one_says_how_to_go_on() -> None:
    with pytest.raises(DockyardError, match="No verified release other than the current one"):
        choose([revision(C), revision(B, verified=False)], C, "local")


def test_rollback_to_a_name_that_is_nearly_right() -> None:
    with pytest.raises(SettingError, match=f"did you mean --to={B}"):
        choose([revision(B)], C, "local", to="api-0002-bbb")


def test_rollback_to_a_pruned_revision_says_how_to_deploy_its_image() -> None:
    with pytest.raises(DockyardError, match=f"inv rollback --env=local --digest={DIGEST}"):
        choose([revision(B, startable=False)], C, "local", to=B)


def test_rollback_by_digest_or_tag_takes_a_kept_revision_or_none() -> None:
    history = [revision(C, digest=OTHER, tag="v3"), revision(B, startable=False, tag="v2"), revision(A, tag="v1")]
    assert choose(history, C, "local", digest=DIGEST) == history[2]
    assert choose(history, C, "local", tag="v1") == history[2]
    assert choose(history, C, "local", tag="v2") is None


@pytest.mark.parametrize(
    ("running", "ok"), [([DIGEST, DIGEST], True), ([DIGEST, OTHER], False), ([DIGEST, ""], None), ([], None)]
)
def test_the_digest_is_unverified_where_the_platform_cannot_tell(running: list[str], ok: bool | None) -> None:
    instances = tuple(Instance(f"{C}-{n}", C, "web", "running", digest) for n, digest in enumerate(running))
    current = Current(revision(C), (Traffic(C, 100),), (*instances, Instance(B, B, "web", "running", OTHER)))
    assert digest_check(current, DIGEST, "the pin").ok is ok


def test_the_digest_is_unverified_where_the_release_goes_by_a_tag() -> None:
    current = Current(revision(C), (Traffic(C, 100),), (Instance(f"{C}-1", C, "web", "running", OTHER),))
    found = digest_check(current, "", "the release")
    assert (found.ok, found.detail) == (None, f"{C}-1 runs {OTHER}, the release goes by a tag")


def test_no_traffic_is_a_failure() -> None:
    assert traffic_check(Current(revision(C), (Traffic(C, 0, "staging"),))).ok is False
    assert traffic_check(Current(revision(C), (Traffic(C, 80), Traffic(B, 20)))).detail == f"{C} 80 %, {B} 20 %"
