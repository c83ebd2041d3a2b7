"""How each Python recipe's image runs: as whom, where it writes, how it ends, and what HEALTHCHECK says."""

from __future__ import annotations

from docker.models.images import Image

from .projects import EVERY_SECOND, Project

Each = tuple[Project, Image]
NOWHERE = "http://127.0.0.1:9"


def test_it_runs_as_nobody_and_writes_only_to_the_tmpfs(each: Each) -> None:
    project, image = each
    with project.serving(image) as it:
        assert it.get("/").json() == {"word": "one", "uid": 1000, "gid": 1000}
        assert it.get("/write?path=/tmp/new").json() == {"error": ""}
        assert it.get("/write?path=/app/app.py").json() == {"error": "Read-only file system"}
        assert "ERROR" not in it.logs


def test_the_source_and_the_packages_are_not_its_own_even_where_the_root_can_be_written(each: Each) -> None:
    project, image = each
    words = ["find", "/app", "/opt/venv", "(", "-writable", "-o", "!", "-readable", ")", "!", "-type", "l"]
    assert project.engine.containers.run(str(image.id), words, remove=True) == b""


def test_sigterm_lets_the_request_under_way_end(each: Each) -> None:
    project, image = each
    with project.serving(image) as it:
        assert it.stopped_in_a_request() == (200, {"finished": True})
        assert it.state["ExitCode"] == 0, it.logs


def test_healthcheck_turns_healthy_at_the_port_of_the_environment_beside_a_proxy(each: Each) -> None:
    project, image = each
    given = {"PORT": "9000", "HTTP_PROXY": NOWHERE, "http_proxy": NOWHERE}
    with project.running(image, healthcheck=EVERY_SECOND, environment=given) as it:
        assert it.turns("healthy"), it.state
        assert "http://0.0.0.0:9000" in it.logs


def test_healthcheck_turns_unhealthy(each: Each) -> None:
    project, image = each
    with project.running(image, healthcheck={**EVERY_SECOND, "retries": 1}, environment={"STATUS": "500"}) as it:
        assert it.turns("unhealthy"), it.state
