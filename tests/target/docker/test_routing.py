"""Weights, traffic tags and the commands from one routing to another: pure, by exact value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.target import Traffic
from tasks.target.docker import haproxy
from tasks.target.docker.routing import HEAVIEST, Routing, Server, keeping, traffic, weigh

A, B = "api-00001-aaa", "api-00002-bbb"


def servers(**replicas: int) -> list[Server]:
    """So many replicas of revision A, B."""
    found: list[Server] = []
    for name, revision in (("a", A), ("b", B)):
        for n in range(1, replicas.get(name, 0) + 1):
            found.append(Server(revision if n == 1 else f"{revision}-{n}", revision, f"172.18.0.{len(found) + 3}:8080"))
    return found


@pytest.mark.parametrize(
    ("replicas", "shares", "weights"),
    [
        ({"a": 1}, {A: 100}, {A: 1}),
        ({"a": 1, "b": 1}, {A: 80, B: 20}, {A: 4, B: 1}),
        ({"a": 2, "b": 1}, {A: 80, B: 20}, {A: 2, B: 1}),
        ({"a": 2, "b": 3}, {A: 80, B: 20}, {A: 6, B: 1}),
        ({"a": 1, "b": 1}, {A: 99, B: 1}, {A: 99, B: 1}),
        ({"a": 3, "b": 1}, {A: 0, B: 100}, {A: 0, B: 1}),
        ({"a": 7, "b": 5}, {A: 33, B: 67}, {A: 90, B: 256}),  # 165 and 469, scaled
        ({"a": 1, "b": 9}, {A: 99, B: 1}, {A: 256, B: 1}),  # 891 and 1, scaled: somebody with traffic always gets some
    ],
)
def test_weights_are_exact_where_integers_allow(
    replicas: dict[str, int], shares: dict[str, int], weights: dict[str, int]
) -> None:
    routing = weigh(servers(**replicas), [Traffic(revision, share) for revision, share in shares.items()])
    assert {revision: {each.weight for each in routing.of(revision)} for revision in shares} == {
        revision: {weight} for revision, weight in weights.items()
    }


@given(
    a=st.integers(1, 6),
    b=st.integers(1, 6),
    percent=st.integers(0, 100),
)
def test_traffic_reads_back_what_was_given(a: int, b: int, percent: int) -> None:
    given = [Traffic(A, percent, "old"), Traffic(B, 100 - percent)]
    routing = weigh(servers(a=a, b=b), given)
    assert max(each.weight for each in routing.servers) <= HEAVIEST
    back = {each.revision: each for each in traffic(routing)}
    assert sum(each.percent for each in back.values()) == 100
    assert abs(back[A].percent - percent) <= (1 if 0 < percent < 100 else 0)
    assert back[A].tag == "old"
    if max(a, b) <= 2:
        assert back[A].percent == percent


def test_nobody_has_traffic() -> None:
    assert traffic(Routing()) == ()
    assert traffic(weigh(servers(a=2), [Traffic(A, 0, "next")])) == (Traffic(A, 0, "next"),)
    assert weigh(servers(a=1), [Traffic("gone", 100, "x")]) == Routing((Server(A, A, "172.18.0.3:8080", 0),), {})


def test_a_new_revision_takes_over() -> None:
    before = weigh(servers(a=1), [Traffic(A, 100)])
    after = weigh(servers(a=1, b=2), [Traffic(B, 100, "next")])
    assert haproxy.commands(before, after) == [
        "add server tagged/api-00002-bbb 172.18.0.4:8080 weight 0",
        "enable server tagged/api-00002-bbb",
        "add server shared/api-00002-bbb 172.18.0.4:8080 weight 1 check inter 1s fall 2 rise 1",
        "set weight shared/api-00002-bbb 1",
        "enable health shared/api-00002-bbb",
        "enable server shared/api-00002-bbb",
        "add server tagged/api-00002-bbb-2 172.18.0.5:8080 weight 0",
        "enable server tagged/api-00002-bbb-2",
        "add server shared/api-00002-bbb-2 172.18.0.5:8080 weight 1 check inter 1s fall 2 rise 1",
        "set weight shared/api-00002-bbb-2 1",
        "enable health shared/api-00002-bbb-2",
        "enable server shared/api-00002-bbb-2",
        "set weight shared/api-00001-aaa 0",
        "add map /var/lib/dockyard/tags.map next 2",
        "add map /var/lib/dockyard/tags.map next/0 api-00002-bbb",
        "add map /var/lib/dockyard/tags.map next/1 api-00002-bbb-2",
    ]


def test_who_gets_more_comes_before_who_gets_less() -> None:
    both = servers(a=1, b=1)
    before, after = (weigh(both, [Traffic(A, share), Traffic(B, 100 - share)]) for share in (99, 1))
    assert haproxy.commands(before, after) == [
        "set weight shared/api-00002-bbb 99",
        "set weight shared/api-00001-aaa 1",
    ]
    assert haproxy.commands(after, after) == []


def test_what_leaves_goes_last_and_whole() -> None:
    before = weigh(servers(a=1, b=1), [Traffic(A, 0, "old"), Traffic(B, 100)])
    assert haproxy.commands(before, keeping(weigh(before.servers, [Traffic(B, 100)]), {A})) == [
        "del map /var/lib/dockyard/tags.map old",
        "del map /var/lib/dockyard/tags.map old/0",
        "set server tagged/api-00001-aaa state maint",
        "shutdown sessions server tagged/api-00001-aaa",
        "del server tagged/api-00001-aaa",
        "set server shared/api-00001-aaa state maint",
        "shutdown sessions server shared/api-00001-aaa",
        "del server shared/api-00001-aaa",
    ]


def test_a_tag_that_moves_is_set_before_it_shrinks() -> None:
    both = servers(a=2, b=1)
    before, after = (weigh(both, [Traffic(A, 100), Traffic(revision, 0, "next")]) for revision in (A, B))
    assert [command for command in haproxy.commands(before, after) if " map " in command] == [
        "set map /var/lib/dockyard/tags.map next 1",
        "set map /var/lib/dockyard/tags.map next/0 api-00002-bbb",
        "del map /var/lib/dockyard/tags.map next/1",
    ]
