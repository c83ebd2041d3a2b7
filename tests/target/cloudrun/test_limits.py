"""CPU, memory and GPUs: what the settings make of the live ones, and what is refused before a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from tasks.errors import SettingError
from tasks.target.cloudrun import template as built

from .sample import RELEASE, api, settings, template

L4 = "GPU=1\nGPU_TYPE=nvidia-l4\nCPU=8\nMEMORY=32Gi\nCONCURRENCY=1\n"


def resources(limits: dict[str, str], **more: Any) -> run_v2.ResourceRequirements:
    return run_v2.ResourceRequirements(limits=limits, **more)


def wanted(root: Path, text: str, live: run_v2.RevisionTemplate | None = None) -> run_v2.RevisionTemplate:
    return built.wanted(live, settings(root, text), RELEASE)


def refused(root: Path, text: str, live: run_v2.RevisionTemplate | None = None) -> str:
    with pytest.raises(SettingError) as failure:
        wanted(root, text, live)
    return str(failure.value.message)


def test_cpu_and_memory_change_alone_and_when_cpu_is_there_stays_as_it_is(tmp_path: Path) -> None:
    for idle in (True, False):
        live = template(api(resources=resources({"cpu": "1000m", "memory": "512Mi"}, cpu_idle=idle)))
        assert wanted(tmp_path, "CPU=2\n", live).containers[0].resources == resources(
            {"cpu": "2", "memory": "512Mi"}, cpu_idle=idle
        )
        assert wanted(tmp_path, "MEMORY=1GiB\n", live).containers[0].resources == resources(
            {"cpu": "1000m", "memory": "1Gi"}, cpu_idle=idle
        )


def test_a_gpu_is_all_that_it_takes(tmp_path: Path) -> None:
    found = wanted(tmp_path, L4)
    assert found.containers[0].resources == resources(
        {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"}, cpu_idle=False, startup_cpu_boost=True
    )
    assert found.node_selector == run_v2.NodeSelector(accelerator="nvidia-l4")
    assert found.gpu_zonal_redundancy_disabled is True


@pytest.mark.parametrize(("said", "disabled"), [("true", False), ("false", True)])
def test_zonal_redundancy_is_what_the_settings_say(tmp_path: Path, said: str, disabled: bool) -> None:
    found = wanted(tmp_path, f"{L4}GPU_ZONAL_REDUNDANCY={said}\n")
    assert found.gpu_zonal_redundancy_disabled is disabled


def test_a_gpu_that_is_there_keeps_its_redundancy_and_its_start(tmp_path: Path) -> None:
    limits = {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"}
    live = template(api(resources=resources(limits)), node_selector=run_v2.NodeSelector(accelerator="nvidia-l4"))
    found = wanted(tmp_path, L4, live)
    assert found.containers[0].resources == resources(limits)
    assert "gpu_zonal_redundancy_disabled" not in found


def test_without_gpu_in_the_settings_the_one_that_is_there_stays(tmp_path: Path) -> None:
    limits = {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    live = template(api(resources=resources(limits)), node_selector=run_v2.NodeSelector(accelerator="nvidia-l4"))
    found = wanted(tmp_path, "ENV_A=1\n", live)
    assert (found.containers[0].resources, found.node_selector) == (resources(limits), live.node_selector)


@pytest.mark.parametrize(
    ("text", "limits", "sentence"),
    [
        (
            "CPU=500m\n",
            {"cpu": "1", "memory": "512Mi"},
            "an instance of 0.5 CPUs takes one request at a time on Cloud Run, not 80; write CONCURRENCY=1, or CPU=1.",
        ),
        (
            "CPU=4\n",
            {"cpu": "1", "memory": "512Mi"},
            "CPU=4 needs at least MEMORY=2Gi on Cloud Run; write that, or less CPU.",
        ),
        (
            "MEMORY=8Gi\n",
            {"cpu": "1000m", "memory": "512Mi"},
            "MEMORY=8Gi needs at least CPU=2 on Cloud Run; write that, or less MEMORY.",
        ),
        ("MEMORY=5Gi\n", {}, "MEMORY=5Gi needs at least CPU=2 on Cloud Run; write that, or less MEMORY."),
    ],
)
def test_what_does_not_fit_the_live_service_is_refused(
    tmp_path: Path, text: str, limits: dict[str, str], sentence: str
) -> None:
    live = template(api(resources=resources(limits, cpu_idle=True)))
    assert refused(tmp_path, text, live) == f"env/prod.env:6: {sentence}"


def test_less_than_a_cpu_is_refused_where_it_is_always_there(tmp_path: Path) -> None:
    live = template(api(resources=resources({"cpu": "1", "memory": "512Mi"})), max_instance_request_concurrency=1)
    assert refused(tmp_path, "CPU=500m\n", live) == (
        "env/prod.env:6: CPU=0.5 is there only during requests, and this service has it always; write CPU=1."
    )


@pytest.mark.parametrize(("text", "least"), [("CPU=500m\n", "CPU=1"), ("MEMORY=256Mi\n", "MEMORY=512Mi")])
def test_what_only_the_first_generation_has_is_refused_in_the_second(tmp_path: Path, text: str, least: str) -> None:
    live = template(max_instance_request_concurrency=1)
    said = text.strip().replace("500m", "0.5")
    assert refused(tmp_path, text, live) == (
        f"env/prod.env:6: {said} needs the first generation execution environment, and this service has the second; "
        f"write {least}."
    )
    wanted(tmp_path, text, template(max_instance_request_concurrency=1, execution_environment=0))


def test_limits_of_somebody_else_are_not_judged(tmp_path: Path) -> None:
    odd = template(api(resources=resources({"cpu": "30", "memory": "100Gi"})))
    assert wanted(tmp_path, "ENV_A=1\n", odd).containers[0].resources.limits["cpu"] == "30"


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("MIN_INSTANCES=6\n", 6, 5), ("MAX_INSTANCES=2\n", 3, 2)],
)
def test_more_instances_at_least_than_at_most_are_refused(tmp_path: Path, text: str, least: int, most: int) -> None:
    live = template(scaling=run_v2.RevisionScaling(min_instance_count=3, max_instance_count=5))
    assert refused(tmp_path, text, live) == (
        f"env/prod.env:6: api would have at least {least} instances, and at most {most}; write both MIN_INSTANCES and "
        "MAX_INSTANCES, the first no more than the second."
    )


def test_a_hundred_instances_are_the_most_where_nothing_is_said(tmp_path: Path) -> None:
    assert wanted(tmp_path, "MIN_INSTANCES=100\n").scaling.min_instance_count == 100
    assert "at most 100" in refused(tmp_path, "MIN_INSTANCES=101\n")
