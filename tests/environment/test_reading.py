"""From env files to an Environment."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import environment
from tasks.environment.forms import Check
from tasks.environment.problems import Origin
from tasks.environment.reading import default_env, protected
from tasks.errors import SettingError

from ..conftest import Project
from .given import CLOUDRUN, DOCKER, ECS, problems


def test_a_few_lines_are_enough(project: Project) -> None:
    root = project(local=DOCKER)
    it = environment.load(root, "local")
    assert (it.root, it.name, it.target, it.service, it.image) == (root, "local", "docker", "api", "127.0.0.1:5000/api")
    assert (it.context, it.dockerfile, it.platform, it.builder) == (
        root, root / "Dockerfile", ("linux/amd64",), "buildkit",
    )  # fmt: skip
    assert (it.port, it.replicas, it.tag, it.cpu, it.memory, it.auto_rollback) == (8080, 1, "{sha}", None, None, True)
    assert (it.build_timeout, it.request_timeout, it.health_timeout, it.bake) == (3600.0, 300.0, 60.0, None)
    assert (it.deploy_timeout, it.drain_timeout) == (600.0, 10.0)
    assert it.origins["SERVICE"] == Origin(Path("env/local.env"), 2)


def test_every_kind_of_setting_is_typed(project: Project) -> None:
    root = project(
        common="DEFAULT_ENV=local\nURL=http://127.0.0.1:9000/\n",
        local=DOCKER
        + "CONTEXT=apps/back end\nSTAGE=final\nPLATFORM=linux/amd64,linux/arm64\nMAX_IMAGE_SIZE=1GB\nBUILD_CA=ca.pem\n"
        "BUILD_TIMEOUT=30m\nNO_CACHE=yes\nDEPRECATED=Dockerfile.backend, old/Dockerfile\n"
        "BUILD_ARG_PYTHON=3.11\nBUILD_SECRET_netrc=file:.netrc\nTAG=v{version}-{sha}\nVERSION_FROM=build_number\n"
        "BUILD_NUMBER=201-dev\nALSO_TAG=latest stable\nPORT=8000\nCPU=500m\nMEMORY=512Mi\nREPLICAS=2\n"
        "REQUEST_TIMEOUT=15m\nREAD_ONLY=true\nTMPFS=/tmp:64Mi,/var/cache\nENV_GREETING=hello\nENV_EMPTY=\n"
        "SECRET_DB_URL=env:DB_URL\nRELEASE_COMMAND=alembic upgrade head\nPROCESS_WORKER=celery -A 'my app' worker\n"
        "HEALTH_PATH=/health\nHEALTH_TIMEOUT=90s\nCHECK_HOME=HEAD /docs 200\n"
        'CHECK_SEARCH=post /api/v1/search 200 pacifier found\nCHECK_SEARCH_BODY=\'{"product":"pacifier"}\'\n'
        'CHECK_SEARCH_HEADERS={"Authorization": "env:TOKEN"}\nLOG_DENY=exec format error, Traceback\n'
        "CANARY=10,50\nBAKE=0\nAUTO_ROLLBACK=off\nDRAIN_TIMEOUT=1m\nPROTECTED=1\n"
        "REQUIRED=EMPTY, DB_URL PORT\n",
    )
    it = environment.load(root, "local")
    assert (it.context, it.dockerfile) == (root / "apps/back end", root / "apps/back end/Dockerfile")
    assert (it.stage, it.platform, it.max_image_size) == ("final", ("linux/amd64", "linux/arm64"), 10**9)
    assert (it.build_ca, it.build_timeout, it.no_cache) == (root / "ca.pem", 1800.0, True)
    assert it.deprecated == ("Dockerfile.backend", "old/Dockerfile")
    assert (it.build_args, it.build_secrets) == ({"PYTHON": "3.11"}, {"netrc": "file:.netrc"})
    assert (it.tag, it.version_from, it.build_number) == ("v{version}-{sha}", "build_number", "201-dev")
    assert (it.also_tag, it.port, it.cpu, it.memory, it.replicas) == (("latest", "stable"), 8000, 0.5, 2**29, 2)
    assert (it.request_timeout, it.read_only, it.tmpfs) == (900.0, True, ("/tmp:64Mi", "/var/cache"))
    assert (it.variables, it.secrets) == ({"GREETING": "hello", "EMPTY": ""}, {"DB_URL": "env:DB_URL"})
    assert it.release_command == ("alembic", "upgrade", "head")
    assert it.processes == {"worker": ("celery", "-A", "my app", "worker")}
    assert (it.url, it.health_path, it.health_timeout) == ("http://127.0.0.1:9000", "/health", 90.0)
    assert it.checks == (
        Check("home", "HEAD", "/docs", 200),
        Check(
            "search",
            "POST",
            "/api/v1/search",
            200,
            "pacifier found",
            '{"product":"pacifier"}',
            {"Authorization": "env:TOKEN"},
        ),
    )
    assert it.log_deny == ("exec format error", "Traceback")
    assert (it.canary, it.bake, it.auto_rollback, it.drain_timeout) == ((10, 50), 0.0, False, 60.0)
    assert (it.protected, it.required, it.default_env) == (True, ("EMPTY", "DB_URL", "PORT"), "local")


def test_the_clouds_have_settings_of_their_own(project: Project) -> None:
    root = project(
        gpu=CLOUDRUN + "GPU=1\nGPU_TYPE=nvidia-l4\nGPU_ZONAL_REDUNDANCY=false\nCPU=8\nMEMORY=32Gi\nMIN_INSTANCES=0\n"
        "MAX_INSTANCES=3\nCONCURRENCY=1\nREQUEST_TIMEOUT=600s\nPUBLIC=true\nSERVICE_ACCOUNT=api@p.iam.gserviceaccount.com\n"
        "CLOUDSQL=p:us-central1:db\nSECRET_KEY=api-key:3\nBUILDER=cloudbuild\nBUILD_MACHINE=E2_HIGHCPU_8\n"
        "BUILD_LOGGING=CLOUD_LOGGING_ONLY\nBUILD_BUCKET=b\nBUILD_CONFIG=cloudbuild.yaml\nBUILD_SECRET_NPM=npm-token\n",
        ecs=ECS + "ACCOUNT=180703226577\nTASK_FAMILY=api-task\nCONTAINER=api\nREPLICAS=2\nREAD_ONLY=true\n"
        "HEALTH_COMMAND=python -c 'import app'\nLOG_GROUP=/ecs/api\n"
        "SECRET_DB=arn:aws:ssm:eu-north-1:180703226577:parameter/db\n",
    )
    gpu, ecs = environment.load(root, "gpu"), environment.load(root, "ecs")
    assert (gpu.gpu, gpu.gpu_type, gpu.gpu_zonal_redundancy, gpu.public) == (1, "nvidia-l4", False, True)
    assert (gpu.min_instances, gpu.max_instances, gpu.concurrency) == (0, 3, 1)
    assert (ecs.account, ecs.task_family, ecs.replicas) == ("180703226577", "api-task", 2)
    assert (ecs.health_command, ecs.log_group) == (("python", "-c", "import app"), "/ecs/api")


def test_an_environment_is_not_changed_and_not_printed_with_its_variables(project: Project) -> None:
    it = environment.load(project(local=DOCKER + "ENV_DB_PASSWORD=hunter2\n"), "local")
    assert "hunter2" not in f"{it!r} {it}"
    with pytest.raises(FrozenInstanceError):
        it.port = 1  # type: ignore[misc]


def test_an_empty_setting_is_unset_and_an_empty_variable_is_empty(project: Project) -> None:
    root = project(
        common="MEMORY=1Gi\nGPU=1\nSECRET_A=env:A\nENV_A=a\n", local=DOCKER + "MEMORY=\nGPU=\nSECRET_A=\nENV_A=\n"
    )
    it = environment.load(root, "local")
    assert (it.memory, it.gpu, it.secrets, it.variables) == (None, None, {}, {"A": ""})
    assert "GPU" not in it.origins


def test_env_file_lies_under_env_and_secrets(project: Project) -> None:
    root = project(
        local=DOCKER + "ENV_FILE=apps/.env.docker\nENV_A=over\nSECRET_B=env:B\n",
    )
    (root / "apps").mkdir()
    (root / "apps/.env.docker").write_text("# docker's\nA=under\nB=dummy\nC='${x}' # kept\nFILE=f\n")
    it = environment.load(root, "local")
    assert it.variables == {"A": "over", "C": "'${x}' # kept", "FILE": "f"}
    assert it.secrets == {"B": "env:B"}
    assert {key: str(origin) for key, origin in it.origins.items() if key in ("ENV_A", "ENV_B", "ENV_C")} == {
        "ENV_A": "env/local.env:5",
        "ENV_C": "apps/.env.docker:4",
    }


def test_a_bad_line_of_env_file_is_told(project: Project) -> None:
    root = project(local=CLOUDRUN + "PROTECTED=true\nENV_FILE=.env.docker\n")
    (root / ".env.docker").write_text("A = 1\nAPI_KEY=hunter2\n")
    assert problems(root) == [
        ".env.docker:1: this line's name holds white space; write NAME=value without any around the name.",
        ".env.docker:2: API_KEY looks like a secret, and local is protected; store it in Secret Manager, and "
        "write SECRET_API_KEY with its name there.",
    ]


@pytest.mark.parametrize(
    ("key", "value", "fixed"),
    [
        ("MEMORY", "32Gi", "34359738368"),
        ("CPU", "500m", "0.5"),
        ("PORT", "", "8080"),
        ("READ_ONLY", "yes", "true"),
        ("DOCKERFILE", "a/../Dockerfile", "a/../Dockerfile"),
        ("CONTEXT", "apps", "./apps"),
        ("CANARY", "10,50", "10 50%"),
        ("ENV_MODE", "a b", "'a b'"),
        ("PROCESS_W", "run  it", "run  it"),
        ("SECRET_A", "env:A", "env:A"),
    ],
)
def test_a_fixed_value_is_compared_as_it_is_meant(project: Project, key: str, value: str, fixed: str) -> None:
    environment.load(project(common=f"FIXED_{key}={fixed}\n", local=f"{DOCKER}{key}={value}\n"), "local")


def test_force_lets_a_fixed_value_differ(project: Project) -> None:
    root = project(common="FIXED_MEMORY=32Gi\nFIXED_ENV_MODE=base\n", local=DOCKER + "MEMORY=16Gi\nENV_MODE=other\n")
    assert problems(root) == [
        "env/local.env:4: MEMORY is 16Gi, but env/common.env:1 fixes it to 32Gi; put it back, or add --force.",
        "env/local.env:5: ENV_MODE is other, but env/common.env:2 fixes it to base; put it back, or add --force.",
    ]
    assert environment.load(root, "local", force=True).memory == 16 * 2**30


def test_a_fixed_variable_may_come_from_env_file(project: Project) -> None:
    root = project(local=DOCKER + "ENV_FILE=.vars\nFIXED_ENV_MODE=base\n")
    (root / ".vars").write_text("MODE=base\n")
    assert environment.load(root, "local").variables == {"MODE": "base"}
    (root / ".vars").write_text("MODE=other\n")
    assert problems(root) == [
        ".vars:1: ENV_MODE is other, but env/local.env:5 fixes it to base; put it back, or add --force."
    ]


def test_default_env_and_protected_are_read_before_all_else(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKYARD_TEST_DEFAULT", "local")
    root = project(
        common="DEFAULT_ENV=${DOCKYARD_TEST_DEFAULT}\nNONSENSE=${NOT_SET_ANYWHERE}\n", local="", prod="PROTECTED=yes\n"
    )
    assert default_env(root) == "local"
    assert (protected(root, "local"), protected(root, "prod")) == (False, True)
    assert environment.choose(root, "", changes=True) == "local"


def test_a_protected_that_cannot_be_read_is_not_taken_for_false(project: Project) -> None:
    root = project(local="PROTECTED=ture\n")
    with pytest.raises(SettingError) as failure:
        protected(root, "local")
    assert failure.value.message == "env/local.env:1: PROTECTED='ture' is neither true nor false: write one of them."


def test_a_project_without_common_env_has_no_default(project: Project) -> None:
    assert default_env(project(local=DOCKER)) == ""


def test_a_default_env_must_be_there(project: Project) -> None:
    assert problems(project(common="DEFAULT_ENV=prod\n", local=DOCKER)) == [
        "env/common.env:1: DEFAULT_ENV=prod names no environment; there is local."
    ]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@settings(max_examples=25, deadline=None)
@given(quoted=TEXT, filed=TEXT)
def test_variables_arrive_as_they_were_written(quoted: str, filed: str) -> None:
    filed = filed.replace("\n", "").rstrip("\r")
    escaped = quoted.replace("\\", "\\\\").replace("'", "\\'")
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "env").mkdir()
        (root / "env/local.env").write_bytes(f"{DOCKER}ENV_FILE=vars\nENV_A='{escaped}'\n".encode())
        (root / "vars").write_bytes(f"B={filed}\n".encode())
        assert environment.load(root, "local").variables == {"A": quoted, "B": filed}
