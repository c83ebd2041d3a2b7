"""The classic builder: the exact request, and real builds."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tasks.errors import DockyardError, SettingError
from tasks.image import Built, Recipe, classic
from tasks.image.classic import Classic


def test_the_request_is_exact() -> None:
    recipe = Recipe(
        dockerfile=Path("/my app/Dockerfile"),
        context=Path("/my app"),
        stage="final",
        args={"MODE": "fast"},
        labels={"dockyard.env": "local"},
        network="host",
        no_cache=True,
    )
    assert classic.request(recipe, "linux/amd64") == {
        "path": "/my app",
        "dockerfile": "/my app/Dockerfile",
        "platform": "linux/amd64",
        "target": "final",
        "buildargs": {"MODE": "fast"},
        "labels": {"dockyard.env": "local"},
        "network_mode": "host",
        "nocache": True,
        "rm": True,
        "forcerm": True,
    }


def test_the_shown_request_redacts_what_looks_like_a_secret() -> None:
    recipe = Recipe(Path("/app/Dockerfile"), Path("/app"), args={"API_KEY": "hunter2hunter2", "MODE": "fast"})
    shown = Classic().command(recipe, "linux/amd64")
    assert shown.startswith("POST /build path=/app dockerfile=/app/Dockerfile platform=linux/amd64")
    assert "buildargs.MODE=fast" in shown
    assert "hunter2" not in shown


def test_secrets_are_refused() -> None:
    recipe = Recipe(Path("/app/Dockerfile"), Path("/app"), secrets={"ca": "file:/x"})
    with pytest.raises(SettingError, match=r"cannot pass build secrets \(ca\): set BUILDER=buildkit"):
        classic.request(recipe, "linux/amd64")


@pytest.fixture
def builder(engine: docker.DockerClient) -> Classic:
    return Classic(engine)


def test_a_real_build(
    engine: docker.DockerClient, build: Callable[..., Built], context: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (context / "hello.txt").write_text("hello")
    built = build("FROM scratch\nARG MODE\nLABEL mode=$MODE\nCOPY hello.txt /\n", args={"MODE": "fast"})
    image = engine.images.get(built.image_id)
    assert built == Built("linux/amd64", image.id or "", 5)
    assert image.labels == {"mode": "fast"}
    said = capsys.readouterr()
    assert said.out == ""
    assert "Step 4/4 : COPY hello.txt /" in said.err


def test_a_failing_step_is_named_with_its_last_lines(build: Callable[..., Built]) -> None:
    with pytest.raises(DockyardError) as caught:
        build("FROM python:3.11-slim-bookworm\nRUN for i in $(seq 40); do echo line $i; done; exit 7\n")
    lines = str(caught.value.message).splitlines()
    assert lines[0] == "Step 2/2 : RUN for i in $(seq 40); do echo line $i; done; exit 7"
    assert lines[1:-1] == [f"  line {number}" for number in range(21, 41)]
    assert "returned a non-zero code: 7" in lines[-1]


def test_a_dockerfile_that_does_not_parse(build: Callable[..., Built]) -> None:
    with pytest.raises(DockyardError, match="FORM"):
        build("FORM scratch\n")


def test_a_build_that_takes_too_long_is_ended(build: Callable[..., Built]) -> None:
    started = time.monotonic()
    with pytest.raises(DockyardError, match=r"ended after 1 s \(BUILD_TIMEOUT\)"):
        build(f"FROM python:3.11-slim-bookworm\nRUN sleep 30 # {started}\n", timeout=1.0)
    assert time.monotonic() - started < 15
