"""The api recipe: what is served, how it ends, and the worker and the migrations of the same image."""

from __future__ import annotations

import threading
import time

import httpx
import pytest
from docker.models.images import Image

from .projects import EVERY_SECOND, Project, Running

ASGI = {"APP": "served:app", "WORKER_CLASS": "asgi"}


def test_sigterm_lets_the_request_under_way_end_under_asgi(api: Project, api_image: Image) -> None:
    with api.serving(api_image, environment=ASGI) as it:
        assert it.stopped_in_a_request() == (200, {"finished": True})
        assert it.state["ExitCode"] == 0, it.logs


@pytest.mark.parametrize("environment", [{}, ASGI], ids=["gthread", "asgi"])
def test_a_request_that_never_ends_is_given_up_before_docker_kills(
    api: Project, api_image: Image, environment: dict[str, str]
) -> None:
    def ask(it: Running) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            it.get("/slow?seconds=60")

    with api.serving(api_image, environment=environment) as it:
        asking = threading.Thread(target=ask, args=(it,))
        asking.start()
        time.sleep(0.5)
        it.container.stop(timeout=10)
        asking.join()
        assert it.state["ExitCode"] == 0, it.logs


def test_a_worker_of_the_same_image_does_a_job_is_healthy_and_ends_warmly(api: Project, api_image: Image) -> None:
    worker = ["celery", "-A", "jobs", "worker", "--pool=solo", "--loglevel=info"]
    with api.running(api_image, worker, healthcheck=EVERY_SECOND) as it:
        code, said = it.container.exec_run(["python", "-c", "import jobs; jobs.shout.delay('hello')"])
        assert code == 0, said
        assert it.turns("healthy"), it.state
        deadline = time.monotonic() + 15
        while "job: HELLO" not in it.logs and time.monotonic() < deadline:
            time.sleep(0.1)
        it.container.stop(timeout=10)
        assert "job: HELLO" in it.logs
        assert "Warm shutdown" in it.logs
        assert it.state["ExitCode"] == 0


def test_migrations_of_the_same_image(api: Project, api_image: Image) -> None:
    with api.running(api_image, ["alembic", "upgrade", "head"]) as it:
        assert it.container.wait(timeout=30)["StatusCode"] == 0, it.logs
        assert "made the table" in it.logs


def test_arguments_say_what_is_served_and_where(api: Project, api_image: Image) -> None:
    arguments = {"APP": "served:app", "WORKER_CLASS": "asgi", "PORT": "8000", "HEALTH_PATH": "/live"}
    api.set(**{f"BUILD_ARG_{name}": value for name, value in arguments.items()})
    try:
        built = api.build("asgi")
    finally:
        api.set(**{f"BUILD_ARG_{name}": "" for name in arguments})
    with api.serving(built) as it:
        assert it.get("/health").json() == {"served": "asgi"}
    assert {f"{name}={value}" for name, value in arguments.items()} <= set(built.attrs["Config"]["Env"])
