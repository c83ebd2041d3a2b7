"""The fake as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud import run_v2

from .asking import services, template
from .server import told

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_it_serves_on_its_own_and_is_controlled_over_http(monkeypatch: pytest.MonkeyPatch, transport: str) -> None:
    argv = [sys.executable, "-m", "tests.fakes.gcp", "--rollout=60"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            for key, value in told(url, "environ", transport).items():
                monkeypatch.setenv(key, value)
            parent = told(url, "run.parent")
            service = run_v2.Service(template=template())
            services().create_service(parent=parent, service_id="web", service=service)
            assert services().get_service(name=f"{parent}/services/web").reconciling
            told(url, "later", 60)
            assert not services().get_service(name=f"{parent}/services/web").reconciling
            assert told(url, "counted") == {
                "run.projects.locations.services.create": 1, "run.projects.locations.services.get": 2
            }  # fmt: skip
        finally:
            process.terminate()
        assert process.wait(10) == 0
