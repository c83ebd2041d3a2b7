"""What prune takes from an engine, and what it leaves: with the real one, and by exact value."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import docker
import pytest

from tasks.image.images import Stored
from tasks.target import Removal, Traffic
from tasks.target.docker import names, stale, unused
from tasks.target.docker.inventory import Box
from tests.image.tidy import empty
from tests.target.docker.conftest import Application, Bench


@pytest.fixture
def many(engine: docker.DockerClient, application: Application, repository: str) -> Iterator[Application]:
    """Four versions of the application in a repository of this test's own, which differ by a label; 4 is built last."""

    def publish(version: str) -> str:
        text = f"FROM {application.repository}:v1\nLABEL version={version} test={repository}\n"
        image, _ = engine.images.build(fileobj=io.BytesIO(text.encode()), tag=f"{repository}:v{version}", rm=True)
        for step in engine.images.push(repository, tag=f"v{version}", stream=True, decode=True):
            assert "error" not in step, step
        image.reload()
        found: list[str] = image.attrs["RepoDigests"]
        return next(each.partition("@")[2] for each in found if each.startswith(repository))

    yield Application(repository, {version: publish(version) for version in "1234"})
    empty(engine, repository)


@pytest.fixture
def bench(many: Application, bench: Bench) -> Bench:
    """A service with a repository of its own."""
    return replace(bench, application=many, settings={**bench.settings, "IMAGE": many.repository})


def tags(engine: docker.DockerClient, bench: Bench) -> set[str]:
    repository = bench.application.repository
    return {tag.rpartition(":")[2] for image in engine.images.list(repository) for tag in image.tags}


def told(removals: list[Removal]) -> set[str]:
    return {each.name.rpartition(":")[2] for each in removals}


def test_what_runs_beside_and_what_a_rollback_takes_stay(bench: Bench, engine: docker.DockerClient) -> None:
    _, first = bench.deploy("1")
    _, second = bench.deploy("2")
    _, third = bench.deploy("2")
    target, fourth = bench.deploy("2")
    target, beside = bench.start("3")
    pinned = {bench.application.digests["2"]}
    assert told(target.prunable(1, pinned)) == set(), "a rollback goes behind the deploys of the very same release"
    assert told(target.prunable(0, pinned)) == {first.revision, "v1"}, "of v4, built last, a push may come"
    assert told(target.prunable(0, set())) == {first.revision, second.revision, third.revision, "v1"}
    target.shift([Traffic(fourth.revision, 100), Traffic(first.revision, 0, "old")])
    assert told(target.prunable(0, pinned)) == set(), "it has a traffic tag"
    assert bench.revision() == fourth.revision
    assert {each.name for each in target.history()} == {
        each.revision for each in (first, second, third, fourth, beside)
    }, "a look removes nothing"


def test_what_is_used_by_now_is_left_alone(bench: Bench, engine: docker.DockerClient) -> None:
    _, first = bench.deploy("1")
    bench.deploy("2")
    target, last = bench.deploy("4")
    for version, tag in (("3", "v3-also"), ("4", "v4")):
        engine.images.get(f"{bench.application.repository}:v{version}").tag(bench.application.repository, tag)
    found = target.prunable(0, set())
    assert {first.revision, "v1", "v2", "v3"} < told(found)
    strange = engine.containers.create(f"{bench.application.repository}:v3", "true")
    engine.containers.get(first.revision).start()
    try:
        removed = told(target.prune(found))
        assert not {first.revision, "v1", "v3"} & removed
        assert "v2" in removed
        assert tags(engine, bench) == {"v1", "v3", "v3-also", "v4"}
        in_use = unused.Image("image", "", "", 0, "", (f"{bench.application.repository}:v4",))
        assert not unused.remove(target.service.client, in_use), "the engine answers 409"
    finally:
        strange.remove()
    assert bench.revision() == last.revision


def test_a_name_elsewhere_keeps_the_image_and_frees_nothing(bench: Bench, engine: docker.DockerClient) -> None:
    repository = bench.application.repository
    image = engine.images.get(f"{repository}:v1")
    image.tag(f"{repository}-else", "mine")
    engine.images.get(f"{repository}:v4").tag(repository, "v4")  # or the other would have been named last
    target, _ = bench.deploy("4")
    try:
        found = target.prunable(0, {bench.application.digests["2"], "v3"})
        assert [(each.name, each.size) for each in found if each.name.startswith(repository)] == [
            (f"{repository}:v1", 0)
        ]
        target.prune(found)
        assert engine.images.get(str(image.id)).tags == [f"{repository}-else:mine"]
    finally:
        engine.images.remove(f"{repository}-else:mine")


def test_an_edge_of_another_version_goes_once_nothing_uses_it(bench: Bench, engine: docker.DockerClient) -> None:
    name = f"dockyard-edge:{bench.service}"
    engine.api.import_image_from_data(b"\0" * 1024, repository="dockyard-edge", tag=bench.service)
    user = engine.containers.create(name, "true")
    target, _ = bench.deploy("4")
    assert name not in {each.name for each in target.prunable(5, set())}
    user.remove()
    found = [each for each in target.prunable(5, set()) if each.name == name]
    assert target.prune(found) == found
    assert name not in {tag for image in engine.images.list("dockyard-edge") for tag in image.tags}
    assert target.current().revision, "this version's is there"


def test_what_other_services_keep_a_record_of_stays(bench: Bench, engine: docker.DockerClient) -> None:
    target, _ = bench.deploy("4")
    labels = {
        names.LABEL: f"{bench.service}x",
        names.ROLE: "record",
        "dockyard.revision": f"{bench.service}x-00001-abc",
    }
    volume = engine.volumes.create(labels={**labels, "dockyard.digest": bench.application.digests["1"]})
    try:
        assert told(target.prunable(0, set())) & {"v1", "v2", "v3"} == {"v2", "v3"}
    finally:
        volume.remove()


def image(name: str, day: int, env: str = "local", platform: str = "linux/amd64", *tags: str) -> Stored:
    labels = {"dockyard.env": env} if env else {}
    return Stored(name, platform, 1, tags or (name,), (), labels, datetime(2026, 11, day, tzinfo=UTC))


def test_the_last_image_of_each_environment_and_platform_stays() -> None:
    found = [
        image("a", 1),
        image("b", 3),
        image("c", 2, "prod"),
        image("d", 2, ""),
        image("e", 1, ""),
        image("f", 4, "local", "linux/amd64", "latest", "inputs-x"),
        image("g", 1, "local", "linux/arm64"),
    ]
    going = {each.id for each in stale.images(found, (), (), ["linux/amd64"], {"latest"})}
    assert going == {"a", "e"}, "f is the last one, and b the last with a tag that push would take"


def test_what_is_pinned_stays_by_digest_and_as_part_of_an_index() -> None:
    digest = f"sha256:{'1' * 64}"
    found = [
        replace(image("a", 1), digests=(digest,)),
        image("b", 1, "local", "linux/amd64", "v1-linux-amd64"),
        image("c", 1, "local", "linux/amd64", "v1"),
        image("d", 1),
        image("e", 1),
        image("f", 2),
    ]
    platforms = ["linux/amd64", "linux/arm64"]
    going = {each.id for each in stale.images(found, {"e"}, {digest, "v1"}, platforms, ())}
    assert going == {"d"}


def test_a_crashing_or_paused_container_counts_as_running() -> None:
    boxes = [Box(state, state, state, "", {}, "") for state in ("running", "restarting", "paused", "exited", "created")]
    assert [box.state for box in boxes if box.up] == ["running", "restarting", "paused"]
