"""One command in the image, as a migration runs."""

from __future__ import annotations

import shlex
import signal
import threading

import docker
import pytest

from tasks.errors import DockyardError
from tasks.target import Rollout
from tests.target.docker.conftest import Bench


def tasks(engine: docker.DockerClient, bench: Bench) -> list[str]:
    """What run_once left on the engine."""
    mine: dict[str, str | list[str] | bool] = {"label": [f"dockyard.service={bench.service}", "dockyard.role=once"]}
    return [str(each.name) for each in engine.containers.list(all=True, filters=mine)]


@pytest.mark.parametrize("code", [0, 7])
def test_output_exit_code_and_nothing_left(
    serving: tuple[Bench, Rollout], engine: docker.DockerClient, capfd: pytest.CaptureFixture[str], code: int
) -> None:
    bench, _ = serving
    script = f"import os, sys; print('oops', file=sys.stderr); print('héllo', os.environ['WHO'], end=''); exit({code})"
    target = bench.target(ENV_WHO="wörld", READ_ONLY="true")
    assert target.run_once(["python3", "-c", script], bench.application.release()) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert "oops" in err
    assert "héllo wörld" in err, "the last line, which has no end, too"
    assert err.endswith("\n")
    assert tasks(engine, bench) == []


def test_it_reaches_the_service_by_its_network(
    serving: tuple[Bench, Rollout], capfd: pytest.CaptureFixture[str]
) -> None:
    bench, rollout = serving
    target = bench.target()
    url = f"http://{bench.service}-edge:8080/revision"
    script = f"import urllib.request; print(urllib.request.urlopen({url!r}).read().decode())"
    assert target.run_once(["python3", "-c", script], bench.application.release()) == 0
    assert rollout.revision in capfd.readouterr().err


def test_an_interruption_removes_it(serving: tuple[Bench, Rollout], engine: docker.DockerClient) -> None:
    bench, _ = serving
    timer = threading.Timer(0.8, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        bench.target().run_once(shlex.split("sleep 60"), bench.application.release())
    timer.join()
    assert tasks(engine, bench) == []


def test_an_image_that_is_not_there(serving: tuple[Bench, Rollout], engine: docker.DockerClient) -> None:
    bench, _ = serving
    release = bench.application.release()
    gone = type(release)(release.image, "sha256:" + "1" * 64)
    with pytest.raises(DockyardError, match="The registry has no"):
        bench.target().run_once(["true"], gone)
    assert tasks(engine, bench) == []
