"""Every sentence that is said about settings that are missing or do not fit each other, with file and line."""

from __future__ import annotations

import pytest

from tasks import environment

from ..conftest import Project
from .given import CLOUDRUN, DOCKER, ECS, problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "SERVICE=My_Api\nTARGET=docker\nIMAGE=a\n",
            "env/local.env:1: SERVICE='My_Api' is no service name: write 1 to 49 lower-case letters, "
            "digits and hyphens, a letter first and no hyphen last.",
        ),
        (
            "IMAGE=h:5000/a:latest\nTARGET=docker\nSERVICE=a\n",
            "env/local.env:1: IMAGE='h:5000/a:latest' has a tag: write h:5000/a; TAG says how tags are made.",
        ),
        (
            "IMAGE=a@sha256:0\nTARGET=docker\nSERVICE=a\n",
            "env/local.env:1: IMAGE='a@sha256:0' has a digest: write a; the pin holds the digest.",
        ),
        (
            "IMAGE=h:5000/Team/a\nTARGET=docker\nSERVICE=a\n",
            "env/local.env:1: IMAGE='h:5000/Team/a' is no repository: write one such as 127.0.0.1:5000/team/api, "
            "its path in lower case.",
        ),
        (
            "TARGET=heroku\nSERVICE=a\nIMAGE=a\nPROJECT=p\n",
            "env/local.env:1: TARGET='heroku' is unknown: write cloudrun, ecs or docker.",
        ),
        (
            "TARGET=\nSERVICE=a\nIMAGE=a\n",
            "env/local.env: TARGET is missing; write TARGET= and docker, cloudrun or ecs.",
        ),
        ("TARGET=docker\nIMAGE=a\n", "env/local.env: SERVICE is missing; write SERVICE= and a name."),
        (
            "TARGET=docker\nSERVICE=a\n",
            "env/local.env: IMAGE is missing; write IMAGE= and a repository such as 127.0.0.1:5000/api.",
        ),
        (
            "TARGET=ecs\nSERVICE=a\nIMAGE=a\nREGION=r\n",
            "env/local.env: CLUSTER is missing; TARGET=ecs needs it, so write CLUSTER=... there.",
        ),
        (
            f"{ECS}ACCOUNT=1\n",
            "env/local.env:6: ACCOUNT='1' is no AWS account: write its 12 digits.",
        ),
        (
            f"{CLOUDRUN}BUILDER=cloudbuild\nBUILD_LOGGING=all\n",
            "env/local.env:7: BUILD_LOGGING='all' is unknown: "
            "write LEGACY, GCS_ONLY, STACKDRIVER_ONLY, CLOUD_LOGGING_ONLY or NONE.",
        ),
        (
            f"{CLOUDRUN}CLOUDSQL=db\n",
            "env/local.env:6: CLOUDSQL='db' is no Cloud SQL instance: write project:region:instance.",
        ),
        (
            f"{DOCKER}BUILDER=cloudbuild\n",
            "env/local.env: PROJECT is missing; BUILDER=cloudbuild needs it, so write PROJECT=... there.",
        ),
        (
            f"{DOCKER}BUILDER=engine\nBUILD_CA=ca.pem\n",
            "env/local.env:5: BUILD_CA needs BUILDER=buildkit or cloudbuild; the engine's own builder has no secrets.",
        ),
        (
            f"{DOCKER}BUILDER=engine\nBUILD_SECRET_A=env:A\n",
            "env/local.env:5: BUILD_SECRET_A needs BUILDER=buildkit or cloudbuild; "
            "the engine's own builder has no secrets.",
        ),
        (
            f"{DOCKER}DOCKERFILE=api/Dockerfile.backend\nDEPRECATED=Dockerfile.backend\n",
            "env/local.env:4: Dockerfile.backend is DEPRECATED here; write DOCKERFILE with another.",
        ),
        (
            f"{DOCKER}ENV_A=1\nSECRET_A=env:A\n",
            "env/local.env:5: SECRET_A and ENV_A (env/local.env:4) set one variable; remove one of the two.",
        ),
        (
            f"{DOCKER}CHECK_A=GET / 200\nCHECK_A_HEADERS=[1]\n",
            "env/local.env:5: CHECK_A_HEADERS is no JSON object of texts: "
            'write {"Accept": "text/plain"}, in single quotes.',
        ),
        (
            f'{DOCKER}CHECK_A=GET / 200\nCHECK_A_HEADERS=\'{{"a b": "c"}}\'\n',
            "env/local.env:5: CHECK_A_HEADERS names a header or holds a value that no request can carry: "
            "check names and line ends.",
        ),
        (
            f"{DOCKER}CHECK_A=GET / 200\nCHECK_a=GET / 200\n",
            "env/local.env:5: CHECK_a is CHECK_A again, as capitals make no difference; remove one of the two.",
        ),
        (
            f"{CLOUDRUN}READ_ONLY=true\n",
            "env/local.env:6: READ_ONLY does nothing on TARGET=cloudrun, only on docker and ecs; remove it.",
        ),
        (f"{CLOUDRUN}ENV_PORT=1\n", "env/local.env:6: PORT is set by Cloud Run itself; remove it, and write PORT."),
        (
            f"{CLOUDRUN}SECRET_A=env:A\n",
            "env/local.env:6: SECRET_A holds no reference that cloudrun can read (not shown, as it may be a secret); "
            "write the name of a secret in Secret Manager, such as api-key or api-key:3.",
        ),
        (
            f"{ECS}SECRET_A=api-key\n",
            "env/local.env:6: SECRET_A holds no reference that ecs can read (not shown, as it may be a secret); "
            "write the ARN of a secret in Secrets Manager or of a parameter in SSM.",
        ),
        (
            f"{CLOUDRUN}ENV_1A=x\n",
            "env/local.env:6: 1A is no name that cloudrun takes; "
            "write letters, digits, `_`, `.` and `-`, no digit first.",
        ),
        (
            f"{CLOUDRUN}PROTECTED=true\nENV_DB_URL=postgresql://u:hunter2@h/db\n",
            "env/local.env:7: DB_URL looks like a secret, and local is protected; "
            "store it in Secret Manager, and write SECRET_DB_URL with its name there.",
        ),
        (
            f"{CLOUDRUN}MIN_INSTANCES=4\nMAX_INSTANCES=3\n",
            "env/local.env:6: MIN_INSTANCES=4 is more than MAX_INSTANCES=3; lower it.",
        ),
        (
            f"{CLOUDRUN}HEALTH_COMMAND=true\n",
            "env/local.env:6: HEALTH_COMMAND does nothing on TARGET=cloudrun, only on ecs; remove it.",
        ),
        (
            f"{DOCKER}LOG_GROUP=/a\n",
            "env/local.env:4: LOG_GROUP does nothing on TARGET=docker, only on ecs; remove it.",
        ),
        (
            f"{ECS}LOG_GROUP=/ecs/a:b\n",
            "env/local.env:6: LOG_GROUP='/ecs/a:b' is no log group: "
            "write letters, digits and `_-/.#`, such as /ecs/api.",
        ),
        (
            f"{ECS}TASK_FAMILY=api:42\n",
            "env/local.env:6: TASK_FAMILY='api:42' is no family of task definitions: "
            "write its name alone, such as api.",
        ),
        (
            f"{ECS}MAX_ERROR_RATE=1%\n",
            "env/local.env:6: MAX_ERROR_RATE does nothing on TARGET=ecs, only on docker and cloudrun; remove it.",
        ),
        (
            f"{ECS}CANARY=10,50\n",
            "env/local.env:6: CANARY=10,50 is nothing that ECS can do: write one step, such as 10, or all of equal "
            "steps of at least 3, such as 25,50,75.",
        ),
        (
            f"{ECS}CANARY=25,50\n",
            "env/local.env:6: CANARY=25,50 is nothing that ECS can do: write one step, such as 25, or all of equal "
            "steps of at least 3, such as 25,50,75.",
        ),
        (
            f"{ECS}CANARY=25,50,75\nBAKE=270s\nDEPLOY_TIMEOUT=20m\n",
            "env/local.env:6: CANARY takes 20 minutes on TARGET=ecs, with BAKE in whole ones, and DEPLOY_TIMEOUT ends "
            "it before that; write DEPLOY_TIMEOUT=30m.",
        ),
        (
            f"{ECS}CANARY=10\nBAKE=25h\nDEPLOY_TIMEOUT=3d\n",
            "env/local.env:7: BAKE is at most 24h beside CANARY on TARGET=ecs; lower it.",
        ),
        (
            f"{ECS}MEMORY=1GB\n",
            "env/local.env:6: MEMORY is in whole MiB on TARGET=ecs; write MEMORY=954Mi.",
        ),
        (f"{ECS}TMPFS=/tmp\n", "env/local.env:6: TMPFS /tmp needs a size on TARGET=ecs; write /tmp:64Mi."),
        (
            f"{ECS}HEALTH_PATH=/health\n",
            "env/local.env:6: HEALTH_PATH cannot be asked without URL on TARGET=ecs; "
            "write URL with where the service is reached.",
        ),
        (
            f"{ECS}CHECK_A=GET / 200\n",
            "env/local.env:6: CHECK_A cannot be asked without URL on TARGET=ecs; "
            "write URL with where the service is reached.",
        ),
        (
            f"{ECS}REQUIRED=PORT\n",
            "env/local.env:6: REQUIRED names PORT, which is not set; write ENV_PORT or SECRET_PORT.",
        ),
        (f"{CLOUDRUN}GPU_TYPE=nvidia-l4\n", "env/local.env:6: GPU_TYPE selects nothing without GPU; write GPU=1."),
        (f"{CLOUDRUN}GPU=1\n", "env/local.env:6: GPU needs a type; write GPU_TYPE=nvidia-l4."),
        (
            f"{CLOUDRUN}GPU=1\nGPU_TYPE=nvidia-l4\nCPU=8\nMEMORY=8Gi\n",
            "env/local.env:9: MEMORY must be at least 16Gi beside GPU_TYPE=nvidia-l4; write MEMORY=16Gi.",
        ),
        (f"{CLOUDRUN}REQUEST_TIMEOUT=2h\n", "env/local.env:6: REQUEST_TIMEOUT is at most 60m on Cloud Run; lower it."),
        (
            f"{CLOUDRUN}PLATFORM=linux/arm64\n",
            "env/local.env:6: PLATFORM lacks linux/amd64, which Cloud Run runs; add it.",
        ),
        (
            f"{DOCKER}MEMORY=16Gi\nFIXED_MEMORY=32Gi\n",
            "env/local.env:4: MEMORY is 16Gi, but env/local.env:5 fixes it to 32Gi; put it back, or add --force.",
        ),
    ],
)
def test_settings_that_do_not_fit_are_a_sentence(project: Project, text: str, problem: str) -> None:
    assert problems(project(local=text)) == [problem]


@pytest.mark.parametrize(
    "line",
    [
        "CANARY=10\nBAKE=24h\nDEPLOY_TIMEOUT=3d",
        "CANARY=25,50,75\nBAKE=270s\nDEPLOY_TIMEOUT=21m",
        "CANARY=25,50,75",
        "CANARY=30,60,90",
        "BAKE=48h",
        "REQUIRED=PORT\nPORT=8000",
        "TMPFS=/tmp:64Mi",
        "MEMORY=1Gi",
        "URL=https://a.example\nHEALTH_PATH=/health\nCHECK_A=GET / 200",
    ],
)
def test_what_ecs_can_do_is_no_problem(project: Project, line: str) -> None:
    environment.load(project(local=f"{ECS}{line}\n"), "local")


def test_steps_that_ecs_cannot_do_are_fine_elsewhere(project: Project) -> None:
    environment.load(project(local=f"{DOCKER}CANARY=10,50\nBAKE=48h\nMEMORY=1GB\nTMPFS=/tmp\n"), "local")
