"""The registry's tag of the inputs: what another machine finds by it, and that nothing stale is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
from invoke.config import Config
from invoke.context import Context

from tasks import build, push
from tasks.image.registry import Registry
from tasks.verb import Operation

from ..conftest import Dockyard
from .app import commit
from .between import between


@pytest.fixture
def forget(engine: docker.DockerClient) -> Callable[[dict[str, Any]], None]:
    """Take what was built away from the engine, as if another machine had built it."""

    def remove(built: dict[str, Any]) -> None:
        for each in built["images"]:
            engine.images.remove(each["id"], force=True)

    return remove


def run(dockyard: Dockyard, root: Path, *lines: str) -> dict[str, Any]:
    """The document of the last of some commands, none of which fails."""
    for line in lines:
        done = dockyard(f"{line} --env=local --json", root)
        assert done.code == 0, done.err
    return done.document


def operation(root: Path) -> Operation:
    """A use of a verb in a project."""
    return Operation(Context(Config(overrides={"dockyard": {"root": str(root)}})), env="local")


def by_inputs(repository: str) -> str:
    """The one tag of inputs in the registry."""
    (tag,) = (tag for tag in Registry(repository).tags() if tag.startswith("inputs-"))
    return tag


def test_another_machine_finds_it_at_another_commit(
    engine: docker.DockerClient,
    app: Callable[..., Path],
    dockyard: Dockyard,
    repository: str,
    forget: Callable[[dict[str, Any]], None],
) -> None:
    root = app("TAG={sha}")
    commit(root)
    first = run(dockyard, root, "build")
    label = engine.images.get(first["images"][0]["id"]).labels["dockyard.inputs"]
    pushed = run(dockyard, root, "push")
    assert by_inputs(repository) == f"inputs-{label.removeprefix('sha256:')}"
    assert Registry(repository).digest(by_inputs(repository)) == pushed["digest"]
    forget(first)
    commit(root)
    found = dockyard("build --env=local --json", root)
    assert (found.document["reused"], found.document["images"]) == (True, first["images"])
    assert "COPY" not in found.err
    again = dockyard("push --env=local --json", root)
    assert again.document["digest"] == pushed["digest"]
    assert again.document["tag"] != pushed["tag"]
    assert "Pushing" not in again.err


def test_without_the_cache_it_is_built_for_everybody(
    app: Callable[..., Path], dockyard: Dockyard, repository: str, forget: Callable[[dict[str, Any]], None]
) -> None:
    root = app("TAG=v1")
    stale = run(dockyard, root, "build")
    old = run(dockyard, root, "push")["digest"]
    fresh = run(dockyard, root, "build --no-cache")
    assert fresh["tag"] == "v1-v2"
    assert run(dockyard, root, "build")["images"] == fresh["images"], "the engine's own is later than the registry's"
    assert Registry(repository).digest(by_inputs(repository)) == old
    new = run(dockyard, root, "push")["digest"]
    assert Registry(repository).digest(by_inputs(repository)) == new != old
    assert run(dockyard, root, "push --tag=v1")["digest"] == old
    assert Registry(repository).digest(by_inputs(repository)) == new, "pushing the old one again does not move it back"
    forget(fresh)
    found = run(dockyard, root, "build")
    assert found["images"] == fresh["images"] != stale["images"]
    assert (found["reused"], found["tag"]) == (True, "v1-v2")


@pytest.mark.parametrize("platforms", ["linux/amd64", "linux/amd64,linux/arm64"])
def test_what_is_released_by_digest_is_tagged_by_manifest_and_not_pulled(
    engine: docker.DockerClient,
    app: Callable[..., Path],
    dockyard: Dockyard,
    registry: str,
    repository: str,
    forget: Callable[[dict[str, Any]], None],
    platforms: str,
) -> None:
    with between(registry) as front:
        image = f"{front.host}/{repository.partition('/')[2]}"
        root = app("TAG={sha}", f"PLATFORM={platforms}", image=image)
        commit(root)
        built = run(dockyard, root, "build")
        digest = run(dockyard, root, "push")["digest"]
        forget(built)
        commit(root)
        front.put.clear()
        op = operation(root)
        made = build.make(op, here=False)
        assert (made.reused, made.digest) == (True, digest)
        pushed = push.publish(op, made.tag, digest=made.digest)
        assert (pushed.digest, pushed.pushed) == (digest, True)
        assert [path.rpartition("/")[0] for path in front.put] == [f"/v2/{image.partition('/')[2]}/manifests"]
        assert Registry(image).digest(made.tag) == digest
        assert engine.images.list(name=image) == []
        app("TAG={sha}", f"PLATFORM={platforms}", "MAX_IMAGE_SIZE=1GB", image=image)
        checked = build.make(operation(root), here=False)
        assert (checked.digest, [each.image_id for each in checked.images]) == (
            "",
            [each["id"] for each in built["images"]],
        )
        forget(built)


def test_a_registry_that_is_down_leaves_the_engines_own(
    app: Callable[..., Path], dockyard: Dockyard, registry: str
) -> None:
    with between(registry) as front:
        root = app("TAG=v1", image=f"{front.host}/test/down")
        built = run(dockyard, root, "build")
    again = dockyard("build --env=local --json", root)
    assert (again.document["reused"], again.document["images"]) == (True, built["images"])
    assert again.err.count(f"The registry {front.host} does not answer") == 1


def test_an_index_is_found_too(
    app: Callable[..., Path], dockyard: Dockyard, repository: str, forget: Callable[[dict[str, Any]], None]
) -> None:
    lines = ("TAG={sha}", "PLATFORM=linux/amd64,linux/arm64")
    root = app(*lines)
    commit(root)
    built = run(dockyard, root, "build")
    digest = run(dockyard, root, "push")["digest"]
    assert Registry(repository).digest(by_inputs(repository)) == digest
    forget(built)
    commit(root)
    assert run(dockyard, root, "build")["images"] == built["images"]
    assert run(dockyard, root, "push")["digest"] == digest


def test_two_services_of_one_repository_keep_to_themselves(
    app: Callable[..., Path], dockyard: Dockyard, repository: str, service: str
) -> None:
    root = app("TAG=v1")
    run(dockyard, root, "build", "push")
    before = by_inputs(repository)
    settings = root / "env" / "local.env"
    settings.write_text(settings.read_text().replace(f"SERVICE={service}", f"SERVICE={service}x"))
    assert not run(dockyard, root, "build")["reused"]
    run(dockyard, root, "push")
    assert len([tag for tag in Registry(repository).tags() if tag.startswith("inputs-")]) == 2
    assert before in Registry(repository).tags()


def test_a_registry_whose_tags_do_not_move(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, registry: str, repository: str
) -> None:
    with between(registry, frozen="/manifests/inputs-") as front:
        image = f"{front.host}/{repository.partition('/')[2]}"
        root = app("TAG=v1", image=image)
        run(dockyard, root, "build")
        pushed = dockyard("push --env=local --json", root)
        engine.images.remove(f"{image}:v1")
    assert pushed.code == 0, pushed.err
    assert Registry(repository).digest("v1") == pushed.document["digest"]
    assert "The tag that finds this image by its inputs could not be set" in pushed.err
    assert "names other content, and the tags of this repository are immutable: let `inputs-*` be moved." in pushed.err


def test_nobody_sees_or_takes_such_a_tag(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=v1")
    run(dockyard, root, "build", "push")
    tag = by_inputs(repository)
    engine.images.pull(repository, tag)
    assert run(dockyard, root, "push")["tag"] == "v1"
    assert run(dockyard, root, "pin")["tag"] == "v1"
    for line in (f"build --tag={tag}", f"push --tag={tag}", f"pin --tag={tag}", f"push --also={tag}"):
        refused = dockyard(f"{line} --env=local", root)
        assert refused.code == 1
        assert f"'{tag}' begins with `inputs-`" in refused.err
    for setting in ("TAG=inputs-{sha}", "TAG=v1\nALSO_TAG=edge,inputs-x"):
        refused = dockyard("build --env=local", app(setting))
        assert refused.code == 1
        assert "begins with inputs-, as the tags do that find an image" in refused.err
