"""What Cloud Run takes: every sentence with file and line, and what is no problem."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import environment
from tasks.environment import cloudrun
from tasks.environment.cloudrun import GI, MI, Size

from ..conftest import Project
from .given import CLOUDRUN, DOCKER, ECS, problems

L4 = "GPU=1\nGPU_TYPE=nvidia-l4\nCPU=4\nMEMORY=16Gi\n"
LONG = CLOUDRUN.replace("SERVICE=api", f"SERVICE={'a' * 45}")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("CPU=79m\n", 6, "CPU=0.079 is too little for Cloud Run; write at least 80m."),
        ("CPU=3\n", 6, "CPU=3 is nothing that Cloud Run has; write 1, 2, 4, 6 or 8, or less than 1."),
        ("CPU=1.5\n", 6, "CPU=1.5 is nothing that Cloud Run has; write 1, 2, 4, 6 or 8, or less than 1."),
        ("CPU=0.3333\n", 6, "CPU=0.3333 is no whole number of thousandths; write 333m."),
        ("MEMORY=33Gi\n", 6, "MEMORY is at most 32Gi on Cloud Run; lower it."),
        (
            "CPU=8\nMEMORY=2Gi\n",
            7,
            "CPU=8 needs at least MEMORY=4Gi on Cloud Run; write that, or less CPU.",
        ),
        (
            "MEMORY=16640Mi\nCPU=4\n",
            7,
            "MEMORY=16640Mi needs at least CPU=6 on Cloud Run; write that, or less MEMORY.",
        ),
        ("CPU=250m\nMEMORY=1Gi\n", 6, "MEMORY=1Gi needs at least CPU=0.5 on Cloud Run; write that, or less MEMORY."),
        (
            "CONCURRENCY=2\nCPU=500m\n",
            6,
            "an instance of 0.5 CPUs takes one request at a time on Cloud Run, not 2; write CONCURRENCY=1, or CPU=1.",
        ),
        (
            "GPU=2\nGPU_TYPE=nvidia-l4\nCPU=4\nMEMORY=16Gi\n",
            6,
            "GPU=2 is more than the one that an instance can have on Cloud Run; write GPU=1.",
        ),
        (
            "GPU=1\nGPU_TYPE=nvidia-l4\nMEMORY=16Gi\n",
            6,
            "CPU must be at least 4 beside GPU_TYPE=nvidia-l4; write CPU=4.",
        ),
        (
            "GPU=1\nGPU_TYPE=nvidia-rtx-pro-6000\nCPU=20\nMEMORY=32Gi\n",
            9,
            "MEMORY must be at least 80Gi beside GPU_TYPE=nvidia-rtx-pro-6000; write MEMORY=80Gi.",
        ),
        ("REQUEST_TIMEOUT=3601\n", 6, "REQUEST_TIMEOUT is at most 60m on Cloud Run; lower it."),
        (
            "HEALTH_PATH=/h\nHEALTH_TIMEOUT=5m\n",
            7,
            "HEALTH_TIMEOUT is at most 240s on Cloud Run, which waits no longer for a start; lower it.",
        ),
        (
            "SERVICE_ACCOUNT=runner\n",
            6,
            "SERVICE_ACCOUNT=runner is no address of an account; "
            "write SERVICE_ACCOUNT=runner@p.iam.gserviceaccount.com.",
        ),
        (
            "PROCESS_A_=x\n",
            6,
            "PROCESS_A_ would be the worker pool api-a-, and no name on Cloud Run ends so; name it otherwise.",
        ),
        ("ENV_A=" + "x" * 32769 + "\n", 6, "A has 32769 bytes, and Cloud Run takes 32768; put it into a file."),
    ],
)
def test_what_cloud_run_refuses_is_a_sentence(project: Project, text: str, line: int, problem: str) -> None:
    assert problems(project(local=f"{CLOUDRUN}{text}")) == [f"env/local.env:{line}: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("PROCESS_MAIL=x\n", f"PROCESS_MAIL would be the worker pool {'a' * 45}-mail, of 50 characters"),
        ("RELEASE_COMMAND=x\n", f"RELEASE_COMMAND would run as the job {'a' * 45}-once, of 50 characters"),
        ("ROLLBACK_COMMAND=x\n", f"ROLLBACK_COMMAND would run as the job {'a' * 45}-once, of 50 characters"),
    ],
)
def test_names_that_become_too_long_are_a_sentence(project: Project, text: str, problem: str) -> None:
    assert problems(project(local=f"{LONG}{text}")) == [
        f"env/local.env:6: {problem}; Cloud Run takes 49, so shorten SERVICE."
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{CLOUDRUN}{L4}CONCURRENCY=8\n",
        f"{CLOUDRUN}GPU=1\nGPU_TYPE=nvidia-rtx-pro-6000\nCPU=22\nMEMORY=88Gi\n",
        f"{CLOUDRUN}GPU=1\nGPU_TYPE=nvidia-one-day\nCPU=3\nMEMORY=64Gi\n",
        f"{CLOUDRUN}CPU=80m\nMEMORY=512Mi\nCONCURRENCY=1\n",
        f"{CLOUDRUN}CPU=0.583\nMEMORY=1Gi\n",
        f"{CLOUDRUN}CPU=8\nMEMORY=32Gi\n",
        f"{CLOUDRUN}MEMORY=32Gi\n",
        f"{CLOUDRUN}HEALTH_TIMEOUT=5m\nREQUEST_TIMEOUT=60m\n",
        f"{CLOUDRUN}HEALTH_PATH=/h\nHEALTH_TIMEOUT=4m\n",
        f"{CLOUDRUN}ENV_A={'x' * 32768}\n",
        f"{LONG}PROCESS_ABC=x\n",
        f"{DOCKER}CPU=3\nMEMORY=64Gi\nREQUEST_TIMEOUT=2h\nHEALTH_PATH=/h\nHEALTH_TIMEOUT=5m\nPROCESS_A_=x\n",
        f"{ECS}CPU=16\nMEMORY=64Gi\nENV_A={'x' * 32769}\n",
    ],
)
def test_what_cloud_run_takes_and_what_others_take_is_no_problem(project: Project, text: str) -> None:
    environment.load(project(local=text), "local")


def test_more_variables_than_cloud_run_takes_are_a_sentence(project: Project) -> None:
    text = "".join(f"ENV_A{number}=1\n" for number in range(1000))
    environment.load(project(local=f"{CLOUDRUN}{text}"), "local")
    assert problems(project(local=f"{CLOUDRUN}{text}SECRET_B=b\n")) == [
        "env/local.env:2: 1001 variables and secrets are more than the 1000 that Cloud Run takes; leave some out."
    ]


@pytest.mark.parametrize(
    ("key", "other"),
    [("GPU_TYPE", "nvidia-t4"), ("MEMORY", "16Gi"), ("CONCURRENCY", "2"), ("GPU", "2"), ("REGION", "europe-west1")],
)
def test_a_setting_of_a_gpu_that_is_fixed_is_not_changed_in_passing(project: Project, key: str, other: str) -> None:
    text = "CPU=8\nMEMORY=32Gi\nGPU=1\nGPU_TYPE=nvidia-l4\nCONCURRENCY=1\n"
    fixed = "FIXED_MEMORY=32GiB\nFIXED_GPU_TYPE=nvidia-l4\nFIXED_GPU=1\nFIXED_CONCURRENCY=1\nFIXED_REGION=r\n"
    common = f"{CLOUDRUN}{text}{fixed}"
    environment.load(project(common=common, local=""), "local")
    said = f"env/local.env:1: {key} is {other}, but env/common.env:"
    assert [each for each in problems(project(common=common, local=f"{key}={other}\n")) if each.startswith(said)]


@given(cpu=st.sampled_from([1.0, 2.0, 4.0, 6.0, 8.0]), memory=st.integers(128, 32 * 1024))
def test_memory_and_cpus_fit_as_the_manual_s_table_says(cpu: float, memory: int) -> None:
    least, most = {1: (0, 4), 2: (0, 8), 4: (2, 16), 6: (4, 24), 8: (4, 32)}[int(cpu)]
    fits = least * GI <= memory * MI <= most * GI
    assert (list(cloudrun.misfits(Size(cpu=cpu, memory=memory * MI))) == []) is fits
