"""What is gone when it is needed: the registry of a push, an image before its deploy, the engine of a build."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tasks.image import pin
from tasks.image.registry import Registry
from tests.another import Another, beside
from tests.conftest import Dockyard, Inv
from tests.image.app import write
from tests.image.between import between
from tests.image.tidy import empty
from tests.service import Service, clean, free_port

PROGRAM = "from tasks.program import main; main()"


@pytest.fixture
def front(api: Service, registry: str, engine: docker.DockerClient) -> Iterator[int]:
    """The port of a registry that the service pushes to, and that a test opens and cuts."""
    port = free_port()
    image = f"127.0.0.1:{port}/test/{api.service}"
    api.set(IMAGE=image)
    yield port
    clean(engine, api.service, image)
    empty(engine, f"{registry}/test/{api.service}")


def test_a_registry_that_goes_down_in_the_middle_of_a_push(
    api: Service, inv: Inv, registry: str, front: int, engine: docker.DockerClient
) -> None:
    behind = Registry(f"{registry}/test/{api.service}")
    with between(registry, front):
        first = inv("release --env=local --json")
        assert first.code == 0, first.err
    api.change("the second version")
    with between(registry, front, falls_at="/manifests/"):
        cut = inv("release --env=local --json")
    assert cut.code == 1
    said = cut.document["error"]
    assert said.startswith(f"127.0.0.1:{front}/test/{api.service}:")
    assert "could not be pushed: " in said
    assert said.endswith("`inv local.up` starts one.")
    assert "Traceback" not in cut.err
    assert api.get("/revision")["hostname"] == first.document["revision"]
    assert pin.read(api.root, "local").digest == first.document["digest"]
    assert len([tag for tag in behind.tags() if not tag.startswith("inputs-")]) == 1
    with between(registry, front):
        again = inv("release --env=local --json")
        assert again.code == 0, again.err
        assert again.document["reused"] is True
        assert api.get("/revision")["hostname"] == again.document["revision"] != first.document["revision"]


def test_a_registry_that_comes_back_gets_the_rest_of_a_push(
    tmp_path: Path, registry: str, service: str, engine: docker.DockerClient, dockyard: Dockyard
) -> None:
    port = free_port()
    image = f"127.0.0.1:{port}/test/{service}"
    root = write(tmp_path / "project", service, image, "TAG=v1")
    (root / "hello.txt").write_bytes(os.urandom(7_000_000))
    over = threading.Event()

    def back() -> None:
        broken.down.wait(60)
        broken.thread.join()
        with between(registry, port):
            over.wait(60)

    try:
        with between(registry, port, lasts=3_000_000) as broken:
            helper = threading.Thread(target=back)
            helper.start()
            assert dockyard("build --env=local", root).code == 0
            pushed = dockyard("push --env=local --json", root)
        assert pushed.code == 0, pushed.err
        assert pushed.err.count(f"Pushing {image}:v1 broke off; the engine tries again for a minute.") == 1
        assert Registry(f"{registry}/test/{service}").digest("v1") == pushed.document["digest"]
    finally:
        over.set()
        helper.join()
        clean(engine, service, image)
        empty(engine, f"{registry}/test/{service}")


def pinned(api: Service, inv: Inv) -> tuple[str, str]:
    """A service that serves, and the digest of its next version, pinned and then deleted in the registry."""
    serving = str(inv("release --env=local --json").document["revision"])
    api.change("the second version")
    for verb in ("build", "push", "pin"):
        assert inv(f"{verb} --env=local").code == 0
    digest = pin.read(api.root, "local").digest
    registry = Registry(api.repository)
    gone = registry.session.send("DELETE", f"{registry.repository.url}/manifests/{digest}")
    assert gone.status == 202
    return serving, digest


def test_an_image_deleted_in_the_registry_between_pin_and_deploy(
    api: Service, inv: Inv, engine: docker.DockerClient
) -> None:
    serving, digest = pinned(api, inv)
    reference = f"{api.repository}@{digest}"
    engine.images.remove(str(engine.images.get(reference).id), force=True)

    failed = inv("deploy --env=local --json")
    assert failed.code == 1, failed.err
    assert reference in failed.document["error"]
    assert "Traceback" not in failed.err
    assert api.get("/revision")["hostname"] == serving

    assert inv("release --env=local").code == 0
    assert api.get("/revision")["hostname"] != serving


def test_an_image_that_the_engine_has_needs_no_registry(api: Service, inv: Inv) -> None:
    serving, digest = pinned(api, inv)
    deployed = inv("deploy --env=local --json")
    assert deployed.code == 0, deployed.err
    assert deployed.document["digest"] == digest
    assert api.get("/revision")["hostname"] != serving


@pytest.fixture(scope="module")
def second(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Another]:
    """An engine of these tests' own, with a base image."""
    with beside(tmp_path_factory.mktemp("engine")) as made:
        there = docker.DockerClient(made.address)
        there.images.load(b"".join(engine.images.get("debian:bookworm-slim").save(named="debian:bookworm-slim")))
        there.close()
        yield made


@pytest.mark.parametrize("builder", ["buildkit", "engine"])
def test_an_engine_restarted_in_the_middle_of_a_build(
    tmp_path: Path, registry: str, service: str, second: Another, builder: str
) -> None:
    root = write(tmp_path / "project", service, f"{registry}/test/{service}", "TAG=v1", f"BUILDER={builder}")
    (root / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN echo it begins; sleep 4\nCOPY hello.txt /\n")
    environ = {**os.environ, "DOCKER_HOST": second.address, "PYTHONPATH": str(Path(__file__).parents[1])}
    argv = [sys.executable, "-c", PROGRAM, "build", "--env=local"]
    with subprocess.Popen(argv, cwd=root, env=environ, stderr=subprocess.PIPE, text=True) as cut:
        said: list[str] = []
        for line in cut.stderr or ():
            said.append(line)
            if "it begins" in line and "echo" not in line:
                break
        second.kill()
        said += cut.stderr or ()
    text = "".join(said)
    assert cut.returncode == 1, text
    assert "Traceback" not in text
    assert "The engine went away in the middle of the build. No Docker engine answers at tcp://" in text or (
        "The engine was restarted in the middle of the build" in text
    )

    second.start()
    again = subprocess.run(argv, cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"{registry}/test/{service}:v1\n"
