"""The procedure of examples/inspirenet as verbs: Cloud Run with a GPU, and Cloud Build, by the fake."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Dockyard
from tests.examples.cloudrun import CloudRun
from tests.examples.conftest import Example, Local

if TYPE_CHECKING:
    from google.cloud import run_v2

PNG = b"\x89PNG\r\n\x1a\n" + b"a cat"
PROJECT, REGION, SERVICE = "perkieprints-processing", "us-central1", "inspirenet-bg-removal-api"
FOREIGN = f"{SERVICE}-00070-2ch"
VARIABLES = {
    "INSPIRENET_MODE": "base",
    "INSPIRENET_RESIZE": "static",
    "TARGET_SIZE": "1024",
    "STORAGE_BUCKET": "perkieprints-processing-cache",
    "CUSTOMER_STORAGE_BUCKET": "perkieprints-customer-images",
    "ENABLE_GPU_OPTIMIZATIONS": "true",
    "LOG_LEVEL": "info",
}


@pytest.fixture
def inspirenet(cloudrun: Callable[..., CloudRun]) -> CloudRun:
    """The example with an empty project."""
    return cloudrun("inspirenet", SERVICE, f"{PROJECT}/{REGION}", "pet-bg-removal", "prod", "fallback")


def by_hand(inspirenet: CloudRun, image: str) -> None:
    """The service as somebody deployed it before there was Dockyard."""
    from google.cloud import run_v2

    container = run_v2.Container(
        image=image,
        resources=run_v2.ResourceRequirements(
            limits={"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"}, cpu_idle=False
        ),
    )
    service = run_v2.Service(
        template=run_v2.RevisionTemplate(
            revision=FOREIGN,
            containers=[container],
            node_selector=run_v2.NodeSelector(accelerator="nvidia-l4"),
            gpu_zonal_redundancy_disabled=True,
            scaling=run_v2.RevisionScaling(max_instance_count=3),
        ),
        invoker_iam_disabled=True,
    )
    parent = inspirenet.clients.parent
    inspirenet.clients.services.create_service(parent=parent, service=service, service_id=SERVICE)
    until = time.monotonic() + 30
    while inspirenet.traffic() != {FOREIGN: 100}:
        assert time.monotonic() < until
        time.sleep(0.05)


def short_sha(inspirenet: CloudRun) -> str:
    """The commit, as {sha} has it."""
    return inspirenet.example.read("rev-parse", "--short", "HEAD")


def refuse_other_than_fixed(live: run_v2.Service) -> None:
    """Look at everything that must never change, and at the rest of what the settings say."""
    (container,) = live.template.containers
    assert live.template.node_selector.accelerator == "nvidia-l4"
    assert live.template.gpu_zonal_redundancy_disabled
    limits = container.resources.limits
    assert {"nvidia.com/gpu": "1", "memory": "32Gi"}.items() <= dict(limits).items()
    assert limits["cpu"] in ("8", "8000m")
    assert not container.resources.cpu_idle
    assert live.template.max_instance_request_concurrency == 1
    assert (live.template.scaling.min_instance_count, live.template.scaling.max_instance_count) == (0, 3)
    assert live.template.timeout.total_seconds() == 600
    assert live.invoker_iam_disabled
    assert {each.name: each.value for each in container.env} == VARIABLES


def test_the_whole_procedure_by_cloud_build(inspirenet: CloudRun) -> None:
    (inspirenet.example.root / ".build").mkdir()
    (inspirenet.example.root / ".build" / "stale").write_text("libgl1-mesa-glx")
    released = inspirenet.ask("release --note=first")
    assert released["tag"] == short_sha(inspirenet)
    assert inspirenet.digest(released["tag"]) == inspirenet.digest("latest") == released["digest"]
    refuse_other_than_fixed(inspirenet.live())
    assert {
        check["name"]: check["ok"] for check in released["checks"] if check["name"] in ("model_info", "upload")
    } == {
        "model_info": True,
        "upload": True,
    }
    stored = inspirenet.post("/api/storage/upload", content=PNG).json()
    assert stored["url"].startswith("https://storage.googleapis.com/perkieprints-customer-images/")
    assert inspirenet.ask("deploy.plan")["changes"] == []
    assert inspirenet.ask("warmup")["checks"][0]["ok"] is True

    submitted = asked(inspirenet)
    assert [step["timeout"] for step in submitted["steps"]] == ["900s", "900s"]
    assert submitted["substitutions"]["SHORT_SHA"] == released["tag"]


def test_cloud_build_without_a_configuration_of_its_own(inspirenet: CloudRun) -> None:
    inspirenet.example.override("prod", BUILD_CONFIG="")
    released = inspirenet.ask("release")
    assert inspirenet.digest(short_sha(inspirenet)) == inspirenet.digest("latest") == released["digest"]
    refuse_other_than_fixed(inspirenet.live())
    assert asked(inspirenet)["options"]["requestedVerifyOption"] == "VERIFIED"


def asked(inspirenet: CloudRun) -> dict[str, Any]:
    """The build that was submitted, which has no cache, and machine, time and log as the settings say."""
    (call,) = [each for each in inspirenet.cloud.calls if each.method.endswith("builds.create")]
    found: dict[str, Any] = call.request["body"]
    assert found["options"]["machineType"] == "E2_HIGHCPU_8"
    assert found["options"]["logging"] == "CLOUD_LOGGING_ONLY"
    assert found["timeout"] == "1800s"
    assert "--no-cache" in found["steps"][0]["args"]
    return found


def test_the_fallback_builds_here_under_a_tag_of_its_time(inspirenet: CloudRun) -> None:
    released = inspirenet.ask("release", env="fallback")
    assert re.fullmatch(r"[0-9]{8}-[0-9]{6}", released["tag"])
    assert inspirenet.digest("latest") == ""
    refuse_other_than_fixed(inspirenet.live())
    assert "builds.create" not in "".join(inspirenet.cloud.methods())


def test_back_to_a_revision_that_dockyard_never_made(inspirenet: CloudRun) -> None:
    pushed = [inspirenet.ask(verb, env="fallback") for verb in ("build", "push")][1]
    by_hand(inspirenet, f"{inspirenet.image}@{pushed['digest']}")
    before = inspirenet.ask("status")
    assert (before["revision"], before["tag"]) == (FOREIGN, "")
    released = inspirenet.next("release")
    assert (released["previous"], inspirenet.traffic()) == (FOREIGN, {released["revision"]: 100})
    refuse_other_than_fixed(inspirenet.live())

    back = inspirenet.ask(f"rollback --to={FOREIGN}")
    assert (back["revision"], back["digest"]) == (FOREIGN, pushed["digest"])
    assert inspirenet.traffic() == {FOREIGN: 100}
    assert f"DIGEST={pushed['digest']}" in (inspirenet.example.root / "env" / "prod.lock").read_text()


def test_a_changed_fixed_setting_is_deployed_only_by_force(inspirenet: CloudRun) -> None:
    released = inspirenet.ask("release", env="fallback")
    inspirenet.example.override("fallback", CONCURRENCY="2")
    assert "CONCURRENCY is 2" in inspirenet.inv("deploy --env=fallback", code=1).err
    assert inspirenet.traffic() == {released["revision"]: 100}
    assert inspirenet.ask("deploy --force", env="fallback")["changed"]
    assert inspirenet.live().template.max_instance_request_concurrency == 2


def test_it_is_released_to_the_docker_engine_without_a_gpu(local: Callable[[str, str], Local]) -> None:
    inspirenet = local("inspirenet", "local")
    inspirenet.inv("release")
    assert inspirenet.ask("GET", "/model-info").json() == {
        "mode": "base",
        "resize": "static",
        "target_size": 1024,
        "device": "cpu",
    }
    assert inspirenet.ask("POST", "/api/storage/upload").status_code == 422
    stored = inspirenet.ask("POST", "/api/storage/upload", content=PNG).json()
    assert stored["url"].startswith("https://storage.googleapis.com/perkieprints-customer-images/")
    assert [check["ok"] for check in inspirenet.inv("warmup").document["checks"]] == [True, True, True]


def test_its_settings_are_right_as_they_are(tmp_path: Path, dockyard: Dockyard) -> None:
    example = Example(tmp_path / "inspirenet")
    example.write("inspirenet")
    linted = dockyard("env.lint", example.root)
    assert (linted.code, linted.out) == (0, "fallback: ok\nlocal: ok\nprod: ok\n")


@pytest.mark.parametrize(
    ("key", "value"),
    [("GPU_TYPE", "nvidia-rtx-pro-6000"), ("MEMORY", "16Gi"), ("REGION", "europe-west1"), ("CONCURRENCY", "4")],
)
def test_what_is_fixed_is_not_changed_in_passing(tmp_path: Path, dockyard: Dockyard, key: str, value: str) -> None:
    example = Example(tmp_path / "inspirenet")
    example.write("inspirenet")
    example.override("prod", **{key: value})
    refused = dockyard("env.lint", example.root)
    assert refused.code == 1
    assert f"{key} is {value}, but env/common.env" in refused.err + refused.out
