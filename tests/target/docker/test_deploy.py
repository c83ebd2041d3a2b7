"""Deploying to a real engine: what serves, what is asked of it, and who gets how much."""

from __future__ import annotations

import threading
import time
from collections import Counter

import docker
import httpx
import pytest

from tasks.errors import DockyardError
from tasks.target import Change, Traffic
from tasks.target.docker import leaving
from tests.target.docker.conftest import Bench


def test_a_deploy_serves_the_digest_and_a_second_one_takes_over(bench: Bench, engine: docker.DockerClient) -> None:
    target, first = bench.deploy("1")

    assert bench.ask("/revision").json() == {"hostname": first.revision, "version": "1"}
    assert first.before == ()
    current = target.current()
    assert current.revision
    assert (current.revision.name, current.revision.verified, current.revision.percent) == (first.revision, True, 100)
    assert current.url == f"http://127.0.0.1:{bench.port}"
    assert [(each.name, each.state, each.digest) for each in current.instances] == [
        (first.revision, "running", bench.application.digests["1"])
    ]
    assert target.plan(bench.application.release("1")).changes == ()
    assert target.plan(bench.application.release("2")).changes == (
        Change("IMAGE digest", bench.application.digests["1"], bench.application.digests["2"]),
    )

    target, second = bench.deploy("2")

    assert second.before == (Traffic(first.revision, 100),)
    assert bench.ask("/revision").json() == {"hostname": second.revision, "version": "2"}
    assert engine.containers.get(first.revision).status == "exited"
    assert engine.containers.get(second.revision).attrs["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert [(each.name, each.percent, each.running) for each in target.history()] == [
        (second.revision, 100, True),
        (first.revision, 0, False),
    ]


def test_traffic_is_shared_by_percentage_and_survives_restarts_of_the_edge(
    bench: Bench, engine: docker.DockerClient
) -> None:
    _, one = bench.deploy("1", REPLICAS="2")
    target, two = bench.start("2", REPLICAS="3")
    shares = [Traffic(one.revision, 80), Traffic(two.revision, 20, "next")]

    assert target.shift(shares) == tuple(shares)
    answered = bench.shares(120)  # weights 6 and 1 of 15
    assert len(answered) == 5
    assert sum(count for name, count in answered.items() if name.startswith(one.revision)) == 96
    assert {bench.revision("next") for _ in range(30)} == {two.revision, f"{two.revision}-2", f"{two.revision}-3"}
    assert bench.revision("other").startswith((one.revision, two.revision))

    engine.containers.get(f"{bench.service}-edge").restart(timeout=0)
    assert target.current().traffic == tuple(shares)
    assert bench.revision("next").startswith(two.revision)

    engine.containers.get(f"{bench.service}-edge").stop(timeout=0)
    assert target.current().traffic == tuple(shares), "read from the files of a stopped edge"
    engine.containers.get(f"{bench.service}-edge").remove()
    assert Change("edge", "missing", "running") in target.plan(bench.application.release("1")).changes
    assert target.shift([Traffic(one.revision, 100)]) == (Traffic(one.revision, 100),)
    assert set(bench.shares(4)) == {one.revision, f"{one.revision}-2"}


def test_no_request_is_lost_while_revisions_come_and_go(bench: Bench) -> None:
    bench.deploy("1", DRAIN_TIMEOUT="5s")
    answers: Counter[str] = Counter()
    over = threading.Event()

    def visit(*, keep_alive: bool) -> None:
        while not over.is_set():
            with httpx.Client(base_url=f"http://127.0.0.1:{bench.port}", timeout=20) as client:
                for _ in range(50 if keep_alive else 1):
                    try:
                        answers[str(client.get("/revision?sleep=0.01").status_code)] += 1
                    except httpx.HTTPError as error:
                        answers[repr(error)] += 1

    visitors = [threading.Thread(target=visit, kwargs={"keep_alive": n % 2 == 0}) for n in range(4)]
    for visitor in visitors:
        visitor.start()
    try:
        bench.deploy("2")
        target, rollout = bench.start("1", REQUEST_TIMEOUT="60s")  # a setting that only a reload of the edge can change
        target.shift([Traffic(rollout.revision, 10), Traffic(rollout.before[0].revision, 90)])
        target.undo(rollout)
    finally:
        over.set()
        for visitor in visitors:
            visitor.join()
    assert set(answers) == {"200"}
    assert answers["200"] > 50


def test_a_slow_request_ends_before_its_container_is_stopped(bench: Bench) -> None:
    _, one = bench.deploy("1", DRAIN_TIMEOUT="10s")
    said: list[str] = []
    slow = threading.Thread(target=lambda: said.append(bench.ask("/revision?sleep=2").json()["hostname"]))
    slow.start()
    time.sleep(0.2)
    began = time.monotonic()
    bench.deploy("2")
    slow.join()
    assert said == [one.revision]
    assert time.monotonic() - began < 9, "drained as soon as nothing was under way"


def test_a_traffic_tag_reaches_a_revision_without_traffic(bench: Bench) -> None:
    _, one = bench.deploy("1")
    target, two = bench.start("2")
    assert target.shift([Traffic(one.revision, 100), Traffic(two.revision, 0, "staging")]) == (
        Traffic(one.revision, 100),
        Traffic(two.revision, 0, "staging"),
    )
    assert (bench.revision(), bench.revision("staging"), bench.revision("STAGING")) == (
        one.revision,
        two.revision,
        two.revision,
    )
    target.retire(one)
    assert bench.revision("staging") == two.revision, "what has a tag is not retired"
    slow: list[str] = []
    visitor = threading.Thread(
        target=lambda: slow.append(bench.ask("/revision?sleep=1", tag="staging").json()["hostname"])
    )
    visitor.start()
    time.sleep(0.3)
    target.shift([Traffic(one.revision, 100)])
    assert bench.revision("staging") == one.revision, "the tag is gone"
    visitor.join()
    assert slow == [two.revision], "and the request under way was answered"


@pytest.mark.parametrize("tag", ["Staging", "1", "a.b", "a_b"])
def test_a_traffic_tag_must_fit_a_host_name(bench: Bench, tag: str) -> None:
    target = bench.target()
    with pytest.raises(DockyardError, match="cannot be the first part of a host name"):
        target.plan(bench.application.release(), traffic_tag=tag)


def test_without_traffic_the_edge_says_so(bench: Bench) -> None:
    target, _ = bench.start("1")
    answer = bench.ask("/")
    assert (answer.status_code, answer.text) == (503, f"503: no revision of {bench.service} takes requests now.\n")
    assert target.current().traffic == ()


def test_requests_arrive_as_they_were_sent(bench: Bench) -> None:
    bench.deploy("1")
    echo = bench.ask("/echo", method="PUT", content="päyload", headers={"X-Own": "1"}).json()
    assert (echo["method"], echo["body"], echo["headers"]["x-own"]) == ("PUT", "päyload", "1")
    assert echo["headers"]["host"] == f"127.0.0.1:{bench.port}"
    assert echo["headers"]["x-forwarded-proto"] == "http"
    assert echo["headers"]["x-forwarded-for"]
    behind_tls = bench.ask("/echo", headers={"X-Forwarded-Proto": "https"}).json()
    assert behind_tls["headers"]["x-forwarded-proto"] == "https"


def test_the_last_verified_revisions_stay_and_records_outlive_containers(
    bench: Bench, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "KEEP", 1)
    revisions = [bench.deploy(version)[1].revision for version in ("1", "2", "1")]
    target, unverified = bench.start("2")
    target.undo(unverified)
    target, last = bench.deploy("2", ENV_LAST="1")

    history = target.history()
    assert [each.name for each in history] == [last.revision, unverified.revision, *reversed(revisions)]
    assert [(each.startable, each.verified) for each in history] == [
        (True, True),
        (False, False),
        (True, True),
        (False, True),
        (False, True),
    ]
    assert history[-1].release == bench.application.release("1")
    with pytest.raises(DockyardError, match=f"inv rollback --env=local --digest={bench.application.digests['1']}"):
        target.restore(history[-1])


def test_a_rollback_brings_a_kept_revision_back(bench: Bench, engine: docker.DockerClient) -> None:
    _, one = bench.deploy("1")
    target, two = bench.deploy("2")
    kept = target.history()[1]
    assert kept.name == one.revision

    back = target.restore(kept)
    assert (back.created, back.before) == (False, (Traffic(two.revision, 100),))
    target.wait(back)
    target.shift([Traffic(back.revision, 100)])
    target.retire(back)

    assert bench.revision() == one.revision
    assert engine.containers.get(two.revision).status == "exited"
    target.undo(back)
    assert bench.revision() == two.revision, "an undo starts what served before again"
    assert engine.containers.get(one.revision).status == "exited"


def test_what_a_killed_deploy_left_behind_is_taken_away_by_the_next(bench: Bench, engine: docker.DockerClient) -> None:
    _, killed = bench.fail("1")
    target, next_one = bench.deploy("2")
    assert bench.revision() == next_one.revision
    assert [each.name for each in target.current().instances] == [next_one.revision]
    mine: dict[str, str | list[str] | bool] = {"label": f"dockyard.revision={killed.revision}"}
    assert engine.containers.list(all=True, filters=mine) == []
