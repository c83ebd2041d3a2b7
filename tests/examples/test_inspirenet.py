"""The procedure of examples/inspirenet as verbs: Cloud Run with a GPU, and Cloud Build, by the fake.

There its packages are few, and for the CPU; on the Docker engine they are the real ones, with torch for CUDA 12.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import httpx
import pytest
from docker.models.containers import Container

from tests.conftest import Dockyard
from tests.examples import png
from tests.examples.cloudrun import CloudRun
from tests.examples.conftest import Example, Local
from tests.service import free_port

if TYPE_CHECKING:
    from google.cloud import run_v2

PICTURE = 128, 96  # pixels
FEW = "requirements-cpu.txt"
UNTRAINED = """
import sys, types
sys.modules["wget"] = types.ModuleType("wget")  # which the lock leaves out
import torch
from transparent_background.InSPyReNet import InSPyReNet_SwinB
model = InSPyReNet_SwinB(depth=64, pretrained=False, threshold=None, base_size=[384, 384])
torch.save(model.state_dict(), "/models/checkpoint")
"""
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
    """The example with an empty project, and few packages."""
    made = cloudrun("inspirenet", SERVICE, f"{PROJECT}/{REGION}", "pet-bg-removal", "prod", "fallback")
    for env in ("prod", "fallback"):
        made.example.override(env, BUILD_ARG_REQUIREMENTS=FEW)
    return made


def with_cache(inspirenet: CloudRun) -> None:
    """Let a test be quick in which nothing is about how the image is built."""
    inspirenet.example.override("prod", NO_CACHE="", BUILD_CONFIG="")
    inspirenet.example.override("fallback", NO_CACHE="")


def cat(x: int, y: int) -> bool:
    """Whether there is the cat."""
    return ((x - 64) / 28) ** 2 + ((y - 48) / 32) ** 2 < 1


@cache
def photograph() -> bytes:
    """An orange cat on a lawn, with the noise that a camera makes."""
    noise = random.Random(0)

    def colour(x: int, y: int) -> tuple[int, int, int]:
        red, green, blue = (205, 120, 40) if cat(x, y) else (40, 110 + y // 2, 50 + x // 4)
        return red + noise.randrange(24), green + noise.randrange(24), blue + noise.randrange(24)

    return png.written(*PICTURE, colour)


def cut_out(data: bytes) -> None:
    """See that the picture is whole, the cat opaque and the lawn transparent."""
    found = png.read(data)
    assert (found.width, found.height) == PICTURE
    places = [(x, y) for x in range(found.width) for y in range(found.height)]
    opaque = {place for place in places if found.alpha(*place) > 200}
    transparent = {place for place in places if found.alpha(*place) < 50}
    cats = {place for place in places if cat(*place)}
    assert len(opaque & cats) > 0.95 * len(cats)
    assert len(transparent - cats) > 0.95 * (len(places) - len(cats))


def upload(post: Callable[..., httpx.Response]) -> dict[str, str]:
    """Send the photograph; what the service answers."""
    answer = post("/api/storage/upload", files={"file": ("cat.png", photograph(), "image/png")}, timeout=60)
    assert answer.status_code == 200, answer.text
    stored: dict[str, str] = answer.json()
    assert stored["url"].startswith("https://storage.googleapis.com/perkieprints-customer-images/")
    return stored


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
    stored = upload(inspirenet.post)
    cut_out(inspirenet.get(f"/api/storage/{stored['name']}").content)
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
    with_cache(inspirenet)
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
    with_cache(inspirenet)
    released = inspirenet.ask("release", env="fallback")
    inspirenet.example.override("fallback", CONCURRENCY="2")
    assert "CONCURRENCY is 2" in inspirenet.inv("deploy --env=fallback", code=1).err
    assert inspirenet.traffic() == {released["revision"]: 100}
    assert inspirenet.ask("deploy --force", env="fallback")["changed"]
    assert inspirenet.live().template.max_instance_request_concurrency == 2


def test_it_is_released_to_the_docker_engine_without_a_gpu(local: Callable[[str, str], Local]) -> None:
    inspirenet = local("inspirenet", "local")
    inspirenet.example.override("local", NO_CACHE="")  # gigabytes, which the test of the recipe has fetched
    inspirenet.inv("release")
    lacking = "no checkpoint at /models/checkpoint: mount it there, or build with BUILD_ARG_CHECKPOINT_URL"
    assert inspirenet.ask("GET", "/health").json() == {"status": "healthy", "model_loaded": True, "missing": lacking}
    assert inspirenet.ask("GET", "/model-info").json() == {
        "mode": "base",
        "resize": "static",
        "target_size": 1024,
        "device": "cpu",
        "engine": "grabcut",
        "missing": lacking,
    }
    empty = inspirenet.ask("POST", "/api/storage/upload")
    assert (empty.status_code, empty.json()["detail"][0]["msg"]) == (422, "Field required")
    text = inspirenet.ask("POST", "/api/storage/upload", files={"file": ("cat.png", b"a cat", "image/png")})
    assert (text.status_code, text.json()["detail"]) == (422, "send a picture, PNG or JPEG")
    assert inspirenet.refusal("/api/storage/upload", (32 << 20) + 1) == 413
    unmeasured = inspirenet.ask("POST", "/api/storage/upload", content=iter([b"a cat"]))
    assert (unmeasured.status_code, unmeasured.json()["detail"]) == (411, "say Content-Length")
    stored = upload(lambda path, **given: inspirenet.ask("POST", path, **given))
    cut_out(inspirenet.ask("GET", f"/api/storage/{stored['name']}").content)
    assert inspirenet.ask("GET", "/api/storage/0123456789abcdef.png").status_code == 404
    assert [check["ok"] for check in inspirenet.inv("warmup").document["checks"]] == [True, True, True]
    inspirenet.goes_on("server.py")


@pytest.fixture
def mounted(
    local: Callable[[str, str], Local],
    images: str,
    engine: docker.DockerClient,
    started: list[Container],
    tmp_path: Path,
) -> Callable[[str], httpx.Client]:
    """Start the image with a checkpoint that a program makes as /models/checkpoint; a client of the service."""

    def made(program: str) -> httpx.Client:
        inspirenet = local("inspirenet", "local")
        inspirenet.example.override("local", NO_CACHE="")
        image = f"{images}:{inspirenet.inv('build').document['tag']}"
        (tmp_path / "models").mkdir(mode=0o755)
        models = {str(tmp_path / "models"): {"bind": "/models", "mode": "rw"}}
        engine.containers.run(image, ["python", "-c", program], user="0", volumes=models, remove=True)
        port = free_port()
        serving = engine.containers.run(
            image,
            detach=True,
            read_only=True,
            tmpfs={"/tmp": ""},
            volumes=models,
            environment={"INSPIRENET_MODE": "fast", "CUSTOMER_STORAGE_BUCKET": "perkieprints-customer-images"},
            ports={"8080/tcp": ("127.0.0.1", port)},
        )
        started.append(serving)
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 120
        while loading(url):
            assert time.monotonic() < until, serving.logs().decode()
            time.sleep(0.2)
        return httpx.Client(base_url=url, trust_env=False, timeout=60)

    return made


def loading(url: str) -> bool:
    """Whether it does not answer yet, or its model is neither loaded nor known to be broken."""
    with suppress(httpx.TransportError):
        health = httpx.get(f"{url}/health", trust_env=False, timeout=60)
        return health.status_code == 200 and not health.json()["model_loaded"]
    return True


def test_inspyrenet_cuts_where_its_checkpoint_is_mounted(mounted: Callable[[str], httpx.Client]) -> None:
    with mounted(UNTRAINED) as asked:
        told = asked.get("/model-info").json()
        assert (told["engine"], told["missing"], told["mode"]) == ("inspyrenet", "", "fast")
        cut = png.read(asked.get(f"/api/storage/{upload(asked.post)['name']}").content)
    assert (cut.width, cut.height, cut.channels) == (*PICTURE, 4)


def test_with_a_checkpoint_that_cannot_be_loaded_it_is_not_healthy(mounted: Callable[[str], httpx.Client]) -> None:
    with mounted("open('/models/checkpoint', 'w').write('a page that says 404')") as asked:
        assert asked.get("/health").status_code == 503
        refused = asked.post("/api/storage/upload", files={"file": ("cat.png", photograph(), "image/png")})
    assert refused.status_code == 503
    assert refused.json()["detail"].startswith("the model cannot be loaded: ")


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
