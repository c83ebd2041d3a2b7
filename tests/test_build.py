"""`build`: from the source to a checked, tagged image."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import docker
import pytest

from .conftest import Dockyard
from .image.app import commit, git, write
from .image.tidy import empty


@pytest.fixture
def repository(repository: str, engine: docker.DockerClient, service: str) -> Iterator[str]:
    """A repository of this test's own, emptied afterwards on the engine and in the registry."""
    yield repository
    empty(engine, repository, service)


@pytest.fixture
def app(tmp_path: Path, repository: str, service: str) -> Callable[..., Path]:
    """A project with a small Dockerfile: `app("TAG=v1")` adds settings to env/local.env."""

    def make(*lines: str, name: str = "local", image: str = repository) -> Path:
        return write(tmp_path / "my äpp", service, image, *lines, name=name)

    return make


def test_a_build_in_a_checkout(engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard) -> None:
    root = app()
    sha = commit(root)
    built = dockyard("build --env=local --json --note='for the demo'", root)
    assert built.code == 0, built.err
    document = built.document
    repository = document["image"]
    image = engine.images.get(f"{repository}:{document['tag']}")
    assert sha.startswith(document["tag"])
    assert document["images"] == [{"platform": "linux/amd64", "id": image.id, "size": 5}]
    assert {key: document[key] for key in ("env", "target", "size", "reused", "changed")} == {
        "env": "local",
        "target": "docker",
        "size": 5,
        "reused": False,
        "changed": True,
    }
    assert document["seconds"] > 0
    labels = image.labels
    assert labels.pop("dockyard.inputs").startswith("sha256:")
    at = datetime.fromtimestamp(int(git(root, "log", "-1", "--format=%ct")), UTC)
    assert labels == {
        "org.opencontainers.image.title": document["service"],
        "org.opencontainers.image.version": document["tag"],
        "org.opencontainers.image.revision": sha,
        "org.opencontainers.image.created": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "dockyard.env": "local",
        "dockyard.note": "for the demo",
    }


def test_a_person_gets_the_reference(app: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    built = dockyard("build --env=local", app("TAG=v1"))
    assert built.out == f"{repository}:v1\n"
    assert f"{repository}:v1 is built." in built.err
    assert "COPY hello.txt /" in built.err


def test_a_dry_build_says_and_changes_nothing(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    built = dockyard("build --env=local --json --dry", app("TAG=v1"))
    assert built.code == 0
    assert "Would run: " in built.err
    assert " build --progress plain --file '" in built.err
    assert f"Would tag {repository}:v1." in built.err
    assert (built.document["changed"], built.document["images"]) == (False, [])
    assert engine.images.list(name=repository) == []


def test_a_hotfix_has_its_issue_in_the_tag(app: Callable[..., Path], dockyard: Dockyard) -> None:
    built = dockyard("build --env=local --json --hotfix=issue123", app("TAG=production-fixed-{date}"))
    days = {datetime.now(UTC).strftime("%Y%m%d")}
    assert built.document["tag"] in {f"production-hotfix-{day}-issue123" for day in days}


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ("--tag=latest", "is a moving tag"),
        ("--tag=stable", "is a moving tag"),
        ("--tag=a/b", "'a/b' is no image tag"),
        ("--hotfix='a b'", "cannot be part of a tag"),
        ("--builder=podman", "BUILDER=podman"),
    ],
)
def test_a_wrong_flag_is_refused_before_anything_is_built(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str, flags: str, why: str
) -> None:
    refused = dockyard(f"build --env=local {flags}", app("TAG=v1", "ALSO_TAG=stable"))
    assert refused.code == 1
    assert why in refused.err
    assert "Traceback" not in refused.err
    assert engine.images.list(name=repository) == []


def test_an_image_over_size_gets_no_tag(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=v1", "MAX_IMAGE_SIZE=1kB")
    (root / "hello.txt").write_text("x" * 2500)
    for _ in range(2):  # the second time it is found again, and refused again
        refused = dockyard("build --env=local", root)
        assert refused.code == 1
        assert "has 2.5 kB, more than MAX_IMAGE_SIZE=1 kB: `docker history sha256:" in refused.err
        assert engine.images.list(name=repository) == []


def test_an_image_for_another_architecture_gets_no_tag(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=arm", "PLATFORM=linux/arm64")
    assert dockyard("build --env=local", root).code == 0
    app("TAG=v1", "BUILDER=engine")
    (root / "Dockerfile").write_text(f"FROM {repository}:arm\nCOPY hello.txt /again\n")
    refused = dockyard("build --env=local", root)
    assert refused.code == 1
    assert "is for linux/arm64, but PLATFORM is linux/amd64, where it would end with `exec format error`" in refused.err
    assert [tag for image in engine.images.list(name=repository) for tag in image.tags] == [f"{repository}:arm"]


def test_two_platforms(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=v1", "PLATFORM=linux/amd64,linux/arm64")
    built = dockyard("build --env=local --json", root).document
    assert [each["platform"] for each in built["images"]] == ["linux/amd64", "linux/arm64"]
    assert engine.images.get(f"{repository}:v1-linux-amd64").attrs["Architecture"] == "amd64"
    assert engine.images.get(f"{repository}:v1-linux-arm64").attrs["Architecture"] == "arm64"
    assert dockyard("build --env=local --json", root).document["reused"]
    (root / "hello.txt").write_text("other")
    assert dockyard("build --env=local --json", root).document["tag"] == "v1-v2"


def test_a_protected_environment_wants_a_clean_tree(app: Callable[..., Path], dockyard: Dockyard) -> None:
    root = app("PROTECTED=true", name="prod")
    commit(root)
    (root / "env" / "prod.lock").write_text("IMAGE=x\n")
    assert dockyard("build --env=prod", root).code == 0
    (root / "hello.txt").write_text("changed")
    (root / "new.txt").touch()
    refused = dockyard("build --env=prod", root)
    assert refused.code == 1
    assert (
        "prod is protected and the tree has changes without a commit (M hello.txt, ?? new.txt): commit" in refused.err
    )


def test_a_missing_dockerfile(app: Callable[..., Path], dockyard: Dockyard) -> None:
    root = app("TAG=v1", "DOCKERFILE=Dockerfile.final")
    refused = dockyard("build --env=local --json", root)
    assert refused.code == 1
    assert refused.document["error"].startswith(f"There is no Dockerfile {root / 'Dockerfile.final'}: write it")


def test_a_step_that_fails(engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard) -> None:
    root = app("TAG=v1")
    (root / "Dockerfile").write_text("FROM python:3.11-slim-bookworm\nRUN echo the reason; exit 3\n")
    failed = dockyard("build --env=local --json", root)
    assert failed.code == 1
    assert failed.document["step"] == "[2/2] RUN echo the reason; exit 3"
    assert failed.document["lines"] == ["the reason"]
    assert "Traceback" not in failed.err


def test_the_registry_is_down(app: Callable[..., Path], dockyard: Dockyard) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        root = app("TAG=v1", image=f"{host}/api")
        built = dockyard("build --env=local --json", root)
        pushed = dockyard("push --env=local", root)
    assert built.code == 0
    assert built.document["tag"] == "v1"
    assert built.err.count(f"The registry {host} does not answer: Connection refused") == 1
    assert pushed.code == 1
    assert f"The registry {host} does not answer: Connection refused; `inv local.up` starts one." in pushed.err


def test_the_first_docker_on_path_cannot_speak_buildkit(
    app: Callable[..., Path], dockyard: Dockyard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "docker"
    fake.write_text("#!/bin/sh\necho 'ERROR: BuildKit is enabled but the buildx component is missing' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    assert dockyard("build --env=local", app("TAG=v1")).code == 0
    monkeypatch.setenv("PATH", str(fake.parent))
    refused = dockyard("build --env=local --no-cache", app("TAG=v1"))
    assert refused.code == 1
    assert f"{fake} cannot build with BuildKit: install its buildx plugin" in refused.err


def test_the_classic_builder(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=v1", "BUILD_ARG_MODE=fast")
    (root / "Dockerfile").write_text("FROM scratch\nARG MODE\nLABEL mode=$MODE\nCOPY hello.txt /\n")
    built = dockyard("build --env=local --builder=engine", root)
    assert built.code == 0
    assert " : COPY hello.txt /\n" in built.err
    labels = engine.images.get(f"{repository}:v1").labels
    assert (labels["mode"], labels["dockyard.env"]) == ("fast", "local")


def test_the_classic_builder_takes_no_secrets(app: Callable[..., Path], dockyard: Dockyard) -> None:
    root = app("TAG=v1", "BUILD_CA=ca.crt")
    (root / "ca.crt").touch()
    refused = dockyard("build --env=local --builder=engine", root)
    assert refused.code == 1
    assert "BUILDER=engine cannot pass build secrets (ca): set BUILDER=buildkit" in refused.err


def test_the_engine_is_down(
    app: Callable[..., Path], dockyard: Dockyard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    refused = dockyard("build --env=local", app("TAG=v1"))
    assert refused.code == 1
    assert f"No Docker engine answers at unix://{tmp_path}/none.sock" in refused.err
