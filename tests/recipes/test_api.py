"""The api recipe: what is served, how it ends, and the worker and the migrations of the same image."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import httpx
import pytest
from docker.models.images import Image

from .projects import Project, Running

EVERY_SECOND = {"interval": 1_000_000_000, "start_period": 1_000_000_000}
ASGI = {"APP": "served:app", "WORKER_CLASS": "asgi"}


def healthy(it: Running, wanted: str = "healthy") -> bool:
    """Whether HEALTHCHECK comes to say so."""
    deadline = time.monotonic() + 15
    while (said := it.state["Health"]["Status"]) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(said == wanted)


def test_it_runs_as_nobody_and_writes_only_to_the_tmpfs(api: Project, api_image: Image) -> None:
    with api.serving(api_image) as it:
        assert it.get("/").json() == {"word": "one", "uid": 1000, "gid": 1000}
        assert it.get("/write?path=/tmp/new", method="POST").json() == {"error": ""}
        assert it.get("/write?path=/app/app.py", method="POST").json() == {"error": "Read-only file system"}
        assert "ERROR" not in it.logs


def test_the_source_and_the_packages_are_not_its_own_even_where_the_root_can_be_written(
    api: Project, api_image: Image
) -> None:
    words = ["find", "/app", "/opt/venv", "(", "-writable", "-o", "!", "-readable", ")", "!", "-type", "l"]
    assert api.engine.containers.run(str(api_image.id), words, remove=True) == b""


@pytest.mark.parametrize("environment", [{}, ASGI], ids=["wsgi", "asgi"])
def test_sigterm_lets_the_request_under_way_end(api: Project, api_image: Image, environment: Mapping[str, str]) -> None:
    answers: list[httpx.Response] = []
    with api.serving(api_image, environment=dict(environment)) as it:
        asking = threading.Thread(target=lambda: answers.append(it.get("/slow?seconds=2")))
        asking.start()
        time.sleep(0.5)
        began = time.monotonic()
        it.container.stop(timeout=10)
        took = time.monotonic() - began
        asking.join()
        assert [(each.status_code, each.json()) for each in answers] == [(200, {"finished": True})]
        assert 1 < took < 9
        assert it.state["ExitCode"] == 0, it.logs


def test_a_request_that_never_ends_is_given_up_before_docker_kills(api: Project, api_image: Image) -> None:
    def ask(it: Running) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            it.get("/slow?seconds=60")

    with api.serving(api_image) as it:
        asking = threading.Thread(target=ask, args=(it,))
        asking.start()
        time.sleep(0.5)
        it.container.stop(timeout=10)
        asking.join()
        assert it.state["ExitCode"] == 0, it.logs


def test_healthcheck_turns_healthy(api: Project, api_image: Image) -> None:
    proxied = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    with api.running(api_image, healthcheck=EVERY_SECOND, environment=proxied) as it:
        assert healthy(it), it.state


def test_healthcheck_turns_unhealthy(api: Project, api_image: Image) -> None:
    sick = {**EVERY_SECOND, "retries": 1}
    with api.running(api_image, healthcheck=sick, environment={"STATUS": "500"}) as it:
        assert healthy(it, "unhealthy"), it.state


def test_the_port_is_taken_from_the_environment(api: Project, api_image: Image) -> None:
    with api.running(api_image, environment={"PORT": "9000"}, healthcheck=EVERY_SECOND) as it:
        assert healthy(it), it.state
        assert "http://0.0.0.0:9000" in it.logs


def test_a_worker_of_the_same_image_does_a_job_is_healthy_and_ends_warmly(api: Project, api_image: Image) -> None:
    worker = ["celery", "-A", "jobs", "worker", "--pool=solo", "--loglevel=info"]
    with api.running(api_image, worker, healthcheck=EVERY_SECOND) as it:
        code, said = it.container.exec_run(["python", "-c", "import jobs; jobs.shout.delay('hello')"])
        assert code == 0, said
        assert healthy(it), it.state
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
