"""What is looked at in examples/inspirenet after a release, on the Google fake, and what its build never sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.image import context
from tasks.target.cloudrun.clients import Clients
from tests.conftest import Dockyard
from tests.examples import cloudrun
from tests.examples.conftest import Example
from tests.examples.pinned import Pinned, said

PROJECT, REGION, SERVICE = "perkieprints-processing", "us-central1", "inspirenet-bg-removal-api"


@pytest.fixture
def inspirenet(tmp_path: Path, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pinned]:
    """The example, released, and answered for as its checks want it."""
    example = Example(tmp_path / "inspirenet")
    example.write("inspirenet")
    with cloudrun.project(PROJECT, REGION, monkeypatch, "rest", containers=False) as cloud:
        cloud.run.respond("", status=422, path="/api/storage/upload")
        made = Pinned(example, cloud, dockyard, SERVICE)
        made.deployed("0a1b2c3")
        yield made


def test_a_gpu_that_somebody_took_away_is_a_difference(inspirenet: Pinned) -> None:
    from google.cloud import run_v2

    assert inspirenet.inv("deploy.plan --json").document["changes"] == []
    clients = Clients(PROJECT, REGION)
    live = clients.services.get_service(name=f"{clients.parent}/services/{SERVICE}")
    live.template.node_selector.accelerator = ""
    live.template.containers[0].resources.limits = {"cpu": "4", "memory": "16Gi"}
    live.template.revision = ""
    newest = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
    live.traffic = [run_v2.TrafficTarget(type_=newest, percent=100)]
    clients.services.update_service(service=live).result()  # type: ignore[no-untyped-call]
    changes = {each["what"]: each["after"] for each in inspirenet.inv("deploy.plan --json", code=2).document["changes"]}
    assert {"GPU": "1", "GPU_TYPE": "nvidia-l4", "MEMORY": "32Gi", "CPU": "8"}.items() <= changes.items()


def test_errors_since_the_start_are_found_by_verify_and_by_logs(inspirenet: Pinned) -> None:
    inspirenet.inv("verify")
    inspirenet.write("torch.OutOfMemoryError: CUDA out of memory", severity="ERROR")
    assert said(inspirenet.inv("logs --since=10m --filter=ERROR")) == ["torch.OutOfMemoryError: CUDA out of memory"]
    assert "CUDA out of memory" in inspirenet.inv("verify", code=3).err


def test_a_warmup_waits_for_a_cold_start_and_says_how_long_it_took(inspirenet: Pinned) -> None:
    inspirenet.cloud.run.respond("", path="/health", delay=0.2)
    shown = inspirenet.inv("warmup").err
    assert re.search(r"OK +health: GET /health answered 200 in 0\.[2-9]\d s", shown), shown
    assert "/api/storage/upload" not in shown  # which would change something


def test_leftovers_of_this_machine_are_not_in_the_context(inspirenet: Pinned) -> None:
    root = inspirenet.example.root
    before = [path for path, _ in context.entries(root / "Dockerfile", root)]
    for leftover in (".build", "__pycache__"):
        (root / leftover).mkdir(exist_ok=True)
        (root / leftover / "stale.py").write_text("libgl1-mesa-glx")
    assert [path for path, _ in context.entries(root / "Dockerfile", root)] == before
