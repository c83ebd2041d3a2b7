"""The same inputs built twice: the same digest where the engine can, and why not where it cannot."""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tasks import loopback
from tasks.bases import PYTHON
from tasks.image import Recipe, reproducible
from tasks.image import pin as pins
from tasks.image.buildkit import BuildKit
from tasks.image.classic import Classic
from tasks.image.images import Images, moment

from ..conftest import Dockyard
from ..newer_engine import Newer, newer_engine
from ..recipes.projects import Project
from ..service import free_port
from .app import commit, git

ON = "REPRODUCIBLE=true"
RECIPE = Recipe(Path("Dockerfile"), Path(), reproducible=True)
SHELL = "dockyard-tests-shell:1"  # 2 MB, for an engine that has to be given all that it builds on
SHELL_LINES = f"""\
FROM {PYTHON} AS system
FROM scratch
COPY --from=system /usr/bin/dash /bin/sh
COPY --from=system /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/
COPY --from=system /lib64/ld-linux-x86-64.so.2 /lib64/
"""
LINES = f"""\
FROM {SHELL}
RUN echo made >/made
COPY . /app
WORKDIR /srv
"""


@pytest.fixture(scope="module")
def beside(engine: docker.DockerClient, registry: str) -> Iterator[tuple[str, str]]:
    """A registry whose loopback the other engine has too: its address, and the network of its container."""
    assert registry
    port = free_port()
    container = engine.containers.run(
        loopback.IMAGE,
        detach=True,
        environment={"REGISTRY_HTTP_ADDR": f"0.0.0.0:{port}"},
        ports={f"{port}/tcp": ("127.0.0.1", port)},
    )
    yield f"127.0.0.1:{port}", f"container:{container.id}"
    container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def newer(
    engine: docker.DockerClient, trixie: str, beside: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newer]:
    """Docker 26, which Debian 13 has, with containerd's image store."""
    assert trixie
    context = tmp_path_factory.mktemp("shell")
    (context / "Dockerfile").write_text(SHELL_LINES)
    shell = engine.images.get(BuildKit(engine).build(Recipe(context / "Dockerfile", context), "linux/amd64").image_id)
    shell.tag(*SHELL.split(":"))
    with newer_engine(engine, containerd=True, network=beside[1]) as made:
        made.has(engine, SHELL)
        engine.images.remove(SHELL)
        yield made


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Newer], None]:
    """Let everything that follows reach that engine, by its own docker CLI."""

    def reach(newer: Newer) -> None:
        for name, value in newer.environ.items():
            monkeypatch.setenv(name, value)

    return reach


def built(dockyard: Dockyard, root: Path, flags: str = "") -> dict[str, Any]:
    """The document of a build that takes nothing out of a cache."""
    done = dockyard(f"build --env=local --json --no-cache {flags}", root)
    assert done.code == 0, done.err
    return done.document


def test_two_checkouts_of_a_commit_have_one_digest(
    newer: Newer, on: Callable[[Newer], None], app: Callable[..., Path], dockyard: Dockyard, tmp_path: Path
) -> None:
    on(newer)
    root = app("TAG={sha}", ON, "BUILD_NETWORK=host")
    (root / "Dockerfile").write_text(LINES)
    commit(root)
    os.utime(root / "hello.txt", (978307200, 978307200))  # 2001, before the commit, as in a checkout that grew old
    git(tmp_path, "clone", str(root), str(tmp_path / "other"))
    documents = [built(dockyard, each) for each in (root, tmp_path / "other")]
    assert [(each["reproducible"], each["reproducible_why"]) for each in documents] == [(True, None)] * 2
    first, second = (each["images"][0]["id"] for each in documents)
    assert first == second
    image = newer.client.images.get(first)
    assert image.attrs["RepoDigests"] == [f"{documents[0]['image']}@{first}"]
    assert image.attrs["Created"] == "1980-01-01T00:00:00Z"
    container = newer.client.containers.run(first, ["sh", "-c", "[ -s /made ]"], network="none", detach=True)
    assert container.wait()["StatusCode"] == 0
    for path in ("/app", "/app/hello.txt", "/made"):
        assert time_of(container, path) == int(reproducible.EPOCH), path
    (root / "hello.txt").write_text("changed")
    assert built(dockyard, root)["images"][0]["id"] != first


def time_of(container: Container, path: str) -> int:
    """When a file of a container was changed, in seconds since 1970."""
    stream, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        return int(archive.getmembers()[0].mtime)


def test_its_time_is_its_commits(
    newer: Newer, on: Callable[[Newer], None], app: Callable[..., Path], dockyard: Dockyard, service: str
) -> None:
    on(newer)
    root = app("TAG={sha}", ON)
    commit(root)
    found = Images(newer.client, service).find(built(dockyard, root)["images"][0]["id"])
    assert found
    assert found.created == moment(git(root, "log", "-1", "--format=%cI").strip())


def test_an_image_that_is_found_again_says_nothing_of_it(
    newer: Newer, on: Callable[[Newer], None], app: Callable[..., Path], dockyard: Dockyard
) -> None:
    on(newer)
    root = app("TAG=v1")
    first = built(dockyard, root)
    again = dockyard("build --env=local --json", root).document
    assert (again["reused"], again["images"]) == (True, first["images"])
    assert (again["reproducible"], again["reproducible_why"]) == (None, None)


def test_it_is_pushed_and_pinned_as_it_was_built(
    newer: Newer,
    beside: tuple[str, str],
    on: Callable[[Newer], None],
    app: Callable[..., Path],
    dockyard: Dockyard,
    tmp_path: Path,
) -> None:
    on(newer)
    root = app("TAG={sha}", ON, image=f"{beside[0]}/team/app")
    commit(root)
    first = built(dockyard, root)["images"][0]["id"]
    pushed = dockyard("push --env=local --json", root)
    assert pushed.code == 0, pushed.err
    assert pushed.document["digest"] == first
    assert dockyard("pin --env=local", root).code == 0
    pinned = pins.read(root, "local")
    at = moment(git(root, "log", "-1", "--format=%cI").strip())
    assert (pinned.digest, moment(pinned.built_at)) == (first, at)
    newer.client.images.remove(first, force=True)
    git(tmp_path, "clone", str(root), str(tmp_path / "other"))
    assert built(dockyard, tmp_path / "other")["images"][0]["id"] == first
    again = dockyard("push --env=local --json", tmp_path / "other").document
    assert (again["digest"], again["changed"]) == (first, False)


def test_another_epoch_is_taken(
    newer: Newer, on: Callable[[Newer], None], app: Callable[..., Path], dockyard: Dockyard
) -> None:
    on(newer)
    given = built(dockyard, app("TAG=v1", ON, "BUILD_ARG_SOURCE_DATE_EPOCH=0"))
    assert given["reproducible"]
    assert newer.client.images.get(given["images"][0]["id"]).attrs["Created"] == "1970-01-01T00:00:00Z"


def test_it_is_done_where_it_is_asked_for(
    newer: Newer, on: Callable[[Newer], None], app: Callable[..., Path], dockyard: Dockyard
) -> None:
    on(newer)
    off = built(dockyard, app("TAG=v1"))
    assert off["reproducible"] is False
    assert off["reproducible_why"] == reproducible.UNASKED
    assert newer.client.images.get(off["images"][0]["id"]).attrs["Created"] > "2000"


def test_the_command_is_shown_whole(
    newer: Newer, on: Callable[[Newer], None], app: Callable[..., Path], dockyard: Dockyard
) -> None:
    on(newer)
    root = app("TAG=v1", ON)
    shown = dockyard("build --env=local --json --dry", root)
    cli = Path(newer.environ["DOCKER_HOST"].removeprefix("unix://")).parent / "docker"
    epoch = "--build-arg SOURCE_DATE_EPOCH=315532800 --output type=docker,dest=-,rewrite-timestamp=true"
    assert f" --provenance=false {epoch} '{root}' | {cli} load --quiet\n" in shown.err
    assert (shown.document["reproducible"], shown.document["images"]) == (None, [])


def test_a_failing_step_is_told_as_ever(
    newer: Newer, on: Callable[[Newer], None], app: Callable[..., Path], dockyard: Dockyard
) -> None:
    on(newer)
    root = app("TAG=v1", ON, "BUILD_NETWORK=host")
    (root / "Dockerfile").write_text(f"FROM {SHELL}\nRUN echo the reason; exit 3\n")
    failed = dockyard("build --env=local --json", root)
    assert failed.code == 1
    assert failed.document["step"] == "[2/2] RUN echo the reason; exit 3"
    assert failed.document["lines"] == ["the reason"]


def test_the_api_recipe_has_one_digest(
    engine: docker.DockerClient,
    newer: Newer,
    on: Callable[[Newer], None],
    repository: str,
    service: str,
    tmp_path: Path,
) -> None:
    newer.has(engine, PYTHON)
    projects = [Project(tmp_path / name, "api", repository, newer.client) for name in ("one", "two")]
    for each in projects:
        each.write()
        each.set(SERVICE=service, NO_CACHE="true", REPRODUCIBLE="true")
        requirements = each.root / "requirements.txt"
        locked = re.split(r"\n(?=\S)", requirements.read_text())
        requirements.write_text("\n".join(line for line in locked if line.startswith(("gunicorn==", "markupsafe=="))))
    os.utime(projects[0].root / "app.py", (978307200, 978307200))
    on(newer)
    first, second = (each.build("v1") for each in projects)
    assert first.id == second.id
    assert len(first.attrs["RootFS"]["Layers"]) > 2


def test_the_engines_other_store_cannot(
    engine: docker.DockerClient,
    trixie: str,
    on: Callable[[Newer], None],
    app: Callable[..., Path],
    dockyard: Dockyard,
) -> None:
    assert trixie
    with newer_engine(engine, containerd=False) as older:
        on(older)
        root = app("TAG=v1", ON)
        first, second = built(dockyard, root), built(dockyard, root)
        about = older.client.info()
    assert first["reproducible"] is False
    who = f"Docker {about['ServerVersion']} with its {about['Driver']} image store"
    assert first["reproducible_why"] == reproducible.because(who)
    assert first["images"] != second["images"]


def test_of_this_machines_engine_the_truth_is_told(
    app: Callable[..., Path], dockyard: Dockyard, engine: docker.DockerClient, repository: str
) -> None:
    root = app("TAG=v1", ON)
    first, second = built(dockyard, root), built(dockyard, root)
    assert first["reproducible"] is (first["images"] == second["images"])
    assert (first["reproducible_why"] is None) is first["reproducible"]
    layers = [engine.images.get(f"{repository}:{each['tag']}").attrs["RootFS"]["Layers"] for each in (first, second)]
    assert layers[0] == layers[1]


def test_the_classic_builder_cannot(app: Callable[..., Path], dockyard: Dockyard) -> None:
    document = built(dockyard, app("TAG=v1"), "--builder=engine")
    assert document["reproducible"] is False
    assert document["reproducible_why"] == Classic().irreproducible(RECIPE)
    assert document["reproducible_why"].startswith(
        "The classic builder writes the time of the build into the image, so"
    )
