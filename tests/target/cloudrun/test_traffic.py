"""Shares of the requests as Cloud Run is asked for them, and as it tells of them."""

from __future__ import annotations

from google.cloud import run_v2
from hypothesis import given
from hypothesis import strategies as st

from tasks.target import Release, Traffic
from tasks.target.cloudrun import traffic
from tasks.target.cloudrun.arrival import Arrival
from tasks.target.cloudrun.shifting import tagged

Status = run_v2.TrafficTargetStatus
LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST


def service(*statuses: run_v2.TrafficTargetStatus) -> run_v2.Service:
    return run_v2.Service(
        traffic_statuses=statuses,
        latest_ready_revision="projects/p/locations/l/services/web/revisions/web-00003-abc",
        uri="https://web.example.com",
    )


def test_traffic_to_the_latest_revision_is_that_of_its_name() -> None:
    found = service(Status(type_=LATEST, percent=100), Status(revision="web-00001-abc", tag="old"))
    assert traffic.now(found) == (Traffic("web-00003-abc", 100), Traffic("web-00001-abc", 0, "old"))


def test_nobody_has_traffic_while_no_revision_was_ever_ready() -> None:
    assert traffic.now(run_v2.Service(traffic_statuses=[Status(type_=LATEST, percent=100)])) == ()


def test_traffic_is_reached_whatever_the_order_and_however_tags_are_listed() -> None:
    seen = service(
        Status(revision="b", percent=70), Status(revision="a", percent=30), Status(revision="b", tag="new", uri="u")
    )
    assert traffic.reached(seen, [Traffic("a", 30), Traffic("b", 70, "new")])
    assert not traffic.reached(seen, [Traffic("a", 30), Traffic("b", 70)])
    assert not traffic.reached(seen, [Traffic("a", 20), Traffic("b", 80, "new")])


def test_a_revision_is_reached_at_its_tag_or_where_it_has_all() -> None:
    seen = service(Status(revision="a", percent=100), Status(revision="b", tag="candidate", uri="https://c---web"))
    assert traffic.uri(seen, "a") == "https://web.example.com"
    assert traffic.uri(seen, "b") == "https://c---web"
    assert traffic.uri(seen, "c") == ""


def test_the_tag_of_a_long_name_is_shorter() -> None:
    assert traffic.candidate("web") == "candidate"
    assert traffic.candidate("a" * 40) == "candid"
    assert traffic.candidate("a" * 46) == ""


SHARES = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 100)), max_size=6)


@given(SHARES)
def test_all_others_have_the_whole_in_their_proportion(shares: list[tuple[str, int]]) -> None:
    found = traffic.others([Traffic(name, percent) for name, percent in shares], "a")
    rest = sum(percent for name, percent in shares if name != "a")
    assert sum(each.percent for each in found) == (100 if rest else 0)
    assert all(each.percent >= 0 and each.revision != "a" for each in found)


def test_a_candidate_keeps_its_tag_until_it_has_all() -> None:
    arrival = Arrival("b", Release("i", "d"), (), (), tag="candidate")
    half = [Traffic("b", 50), Traffic("a", 50)]
    assert tagged(half, arrival, "candidate") == [Traffic("b", 50, "candidate"), Traffic("a", 50)]
    assert tagged([Traffic("b", 100)], arrival, "candidate") == [Traffic("b", 100)]
    named = Arrival("b", Release("i", "d"), (), (), tag="staging")
    assert tagged([Traffic("b", 100, "staging")], named, "candidate") == [Traffic("b", 100, "staging")]
    other = [Traffic("b", 50), Traffic("a", 50, "candidate")]
    assert tagged(other, arrival, "candidate") == [Traffic("b", 50, "candidate"), Traffic("a", 50)]
