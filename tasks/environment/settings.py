"""Every setting, typed: the model that verbs work with, and that the table of settings is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from . import forms, units, values
from .forms import Check as Check
from .problems import Origin as Origin

LOGGING = ("LEGACY", "GCS_ONLY", "STACKDRIVER_ONLY", "CLOUD_LOGGING_ONLY", "NONE")  # Cloud Build's LoggingMode
SEVERITIES = ("none", "low", "medium", "high", "critical")


@dataclass(frozen=True)
class Row:
    """A key that a field with several keys is made from. `what` it is, and `kind`: how it is written."""

    key: str
    what: str
    kind: str


class Rows(tuple[Row, ...]):
    """The keys of such a field."""

    __slots__ = ()


ENV = Row("ENV_<NAME>", "container variable NAME, over the one of `ENV_FILE`; may be empty", "text")
ENV_FILE = Row("ENV_FILE", "container variables, by the rules of Docker's `--env-file`", "path")
SECRET = Row(
    "SECRET_<NAME>", "secret that the container gets as variable NAME: where it is, never its value", "reference"
)
BUILD_ARG = Row("BUILD_ARG_<NAME>", "build argument NAME", "text")
BUILD_SECRET = Row("BUILD_SECRET_<NAME>", "build secret with the id NAME: where it is, never its value", "reference")
FIXED = Row("FIXED_<KEY>", "value that KEY must have; another needs `--force`", "as KEY")
PROCESS = Row("PROCESS_<NAME>", "worker: the same image with another command", "command line")
CHECK = Row("CHECK_<NAME>", "request to try, and the answer it must get", "`METHOD /path STATUS [text]`")
CHECK_BODY = Row("CHECK_<NAME>_BODY", "what that request sends", "text")
CHECK_HEADERS = Row("CHECK_<NAME>_HEADERS", "its headers; `env:NAME` and `file:PATH` are resolved", "JSON object")

Target = Annotated[
    Literal["cloudrun", "ecs", "docker"],
    values.written(values.choice("cloudrun", "ecs", "docker")),
    values.Kind("`docker`, `cloudrun` or `ecs`"),
]
Builder = Annotated[
    Literal["buildkit", "engine", "cloudbuild"],
    values.written(values.choice("buildkit", "engine", "cloudbuild")),
    values.Kind("`buildkit`, `engine` or `cloudbuild`"),
]
VersionFrom = Annotated[
    Literal["", "changelog", "build_number", "git"],
    values.written(values.choice("changelog", "build_number", "git")),
    values.Kind("`changelog`, `build_number` or `git`"),
]


class Environment(BaseModel):
    """One environment, complete and checked. Sizes are in bytes, times in seconds, CPUs in vCPU.

    An unset text is "", an unset number None. Relative paths are taken from the project's root. `origins` tells
    where each key is written; a variable that came from ENV_FILE stands there as ENV_<NAME>.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path
    name: str
    origins: Mapping[str, Origin] = Field(default_factory=dict, repr=False)

    target: Target = Field(description="platform that runs the service")
    service: Annotated[str, values.written(forms.service), values.Kind("name")] = Field(
        description="name of the service"
    )
    image: Annotated[str, values.written(forms.repository), values.Kind("repository")] = Field(
        description="image, without tag"
    )
    project: values.Word = Field(
        "", description="Google Cloud project of Cloud Run, and of `BUILDER=cloudbuild` on any target"
    )
    region: values.Word = Field("", description="region of the platform")
    cluster: values.Word = Field("", description="ECS cluster")
    task_family: Annotated[str, values.written(forms.family), values.Kind("name")] = Field(
        "", description="family of the task definitions"
    )
    container: values.Word = Field("", description="container of the task definition that gets the image")
    docker_context: values.Word = Field("", description="Docker context of the engine to deploy to")
    account: Annotated[str, values.written(forms.account), values.Kind("12 digits")] = Field(
        "", description="AWS account that the credentials must belong to"
    )
    protected: values.Flag = Field(False, description="must be named to be changed, and takes only a clean tree")
    fixed: Annotated[Mapping[str, str], Rows([FIXED])] = Field(default_factory=dict, repr=False)
    required: values.Names = Field((), description="container variables that must be set")

    dockerfile: Annotated[Path, values.Kind("path", default="Dockerfile of CONTEXT")] = Field(
        Path(), description="recipe of the image"
    )
    context: Annotated[Path, values.Kind("path", default="the project")] = Field(
        Path(), description="directory to build from"
    )
    stage: values.Word = Field("", description="stage of the recipe to stop at")
    platform: Annotated[
        tuple[str, ...], values.written(values.each(forms.platform)), values.Kind("os/arch, several by comma")
    ] = Field(("linux/amd64",), description="what the image must run on")
    builder: Builder = Field("buildkit", description="what builds the image")
    no_cache: values.Flag = Field(False, description="build anew, without looking for the same image first")
    max_image_size: values.MaybeSize = Field(None, description="size that refuses an image when exceeded")
    build_network: values.Word = Field("", description="network of the build, such as `host`")
    build_ca: Annotated[Path | None, values.Kind("path")] = Field(
        None, description="CA bundle that the build gets as the secret `ca`"
    )
    build_timeout: values.Limit = Field(3600.0, description="longest build")
    build_machine: values.Word = Field("", description="machine type of Cloud Build")
    build_bucket: values.Word = Field("", description="bucket that Cloud Build gets the source through")
    build_logging: Annotated[str, values.written(values.choice(*LOGGING)), values.Kind("Cloud Build's LoggingMode")] = (
        Field("", description="where Cloud Build logs to")
    )
    build_config: values.Text = Field("", description="build configuration file of Cloud Build")
    deprecated: values.Items = Field((), description="Dockerfiles that are refused")
    scan_max: Annotated[
        str, values.written(values.choice(*SEVERITIES)), values.Kind(", ".join(f"`{word}`" for word in SEVERITIES))
    ] = Field("", description="worst finding that a scan of the image may have")
    build_args: Annotated[Mapping[str, str], Rows([BUILD_ARG])] = Field(default_factory=dict, repr=False)
    build_secrets: Annotated[Mapping[str, str], Rows([BUILD_SECRET])] = Field(default_factory=dict)

    tag: Annotated[str, values.written(forms.template), values.Kind("template")] = Field(
        "{sha}", description="tag, of " + " ".join(f"`{{{name}}}`" for name in forms.PLACEHOLDERS)
    )
    version_from: VersionFrom = Field("", description="where `{version}` comes from")
    build_number: Annotated[str, values.written(forms.build_number), values.Kind("`201`, `200-dev`")] = Field(
        "", description="number that makes version and `{build}`: 201 is 2.0.1"
    )
    also_tag: Annotated[
        tuple[str, ...], values.written(values.each(forms.tag)), values.Kind("tags, by comma or space")
    ] = Field((), description="moving tags, set with each push")

    port: Annotated[int, values.written(values.whole(1, 65535)), values.Kind("number from 1 to 65535")] = Field(
        8080, description="port that the container listens on"
    )
    cpu: values.MaybeCpu = Field(None, description="CPU limit")
    memory: values.MaybeSize = Field(None, description="memory limit")
    gpu: values.MaybeCount = Field(None, description="GPUs of an instance")
    gpu_type: values.Word = Field("", description="type of GPU, such as `nvidia-l4`")
    gpu_zonal_redundancy: values.MaybeFlag = Field(None, description="whether GPUs are reserved in a second zone")
    min_instances: values.MaybeZero = Field(None, description="instances that always run")
    max_instances: values.MaybeCount = Field(None, description="most instances")
    replicas: values.Count = Field(1, description="instances that run")
    concurrency: Annotated[int | None, values.written(values.whole(1, 1000)), values.Kind("number from 1 to 1000")] = (
        Field(None, description="requests that an instance takes at a time")
    )
    request_timeout: values.Limit = Field(300.0, description="longest request")
    public: values.MaybeFlag = Field(None, description="whether anybody may call the service")
    service_account: values.Word = Field("", description="service account that the service runs as")
    cloudsql: Annotated[str, values.written(forms.cloudsql), values.Kind("`project:region:instance`")] = Field(
        "", description="Cloud SQL instance, mounted at `/cloudsql`"
    )
    read_only: values.Flag = Field(False, description="read-only root file system")
    tmpfs: Annotated[
        tuple[str, ...], values.written(values.each(forms.tmpfs)), values.Kind("paths: `/tmp`, `/tmp:64Mi`")
    ] = Field((), description="writable directories in memory")
    variables: Annotated[Mapping[str, str], Rows([ENV_FILE, ENV])] = Field(default_factory=dict, repr=False)
    secrets: Annotated[Mapping[str, str], Rows([SECRET])] = Field(default_factory=dict)

    release_command: values.Command = Field((), description="run once before traffic: migrations")
    rollback_command: values.Command = Field((), description="run by `migrate.down` only")
    processes: Annotated[Mapping[str, tuple[str, ...]], Rows([PROCESS])] = Field(default_factory=dict)

    url: Annotated[str, values.written(forms.url), values.Kind("URL")] = Field(
        "", description="where the service is reached"
    )
    health_path: Annotated[str, values.written(forms.path), values.Kind("path of a request")] = Field(
        "", description="what must answer 2xx or 3xx; without it nothing is probed"
    )
    health_timeout: values.Limit = Field(60.0, description="longest time to get healthy")
    health_command: values.Command = Field(
        (), description="health check that runs in the container; its interval, timeout and retries stay as they are"
    )
    checks: Annotated[tuple[Check, ...], Rows([CHECK, CHECK_BODY, CHECK_HEADERS])] = Field(())
    log_deny: values.Items = Field((), description="texts that no log line may hold")
    log_group: Annotated[str, values.written(forms.log_group), values.Kind("name")] = Field(
        "", description="CloudWatch log group that the containers log to"
    )
    max_error_rate: Annotated[
        float | None, values.written(values.fraction), values.Kind("share: `0.01`, `1%`", default="`5%` while watched")
    ] = Field(None, description="largest share of requests that may fail")

    canary: values.Percentages = Field((), description="steps of traffic before 100 %")
    bake: Annotated[
        float | None,
        values.written(units.duration),
        values.Kind("duration: `60s`, `15m`", default="`60s` after each step"),
    ] = Field(None, description="how long a revision is watched after each step of `CANARY`; if set, also at 100 %")
    auto_rollback: values.Flag = Field(True, description="undo a release that fails")
    deploy_timeout: values.Limit = Field(600.0, description="longest rollout")
    drain_timeout: values.Wait = Field(10.0, description="time that old instances get to finish")

    default_env: values.Word = Field("", description="environment to use where none is named; in `common.env` only")

    @model_validator(mode="before")
    @classmethod
    def _paths(cls, data: Any) -> Any:
        """Make the paths absolute: the context in the project, the Dockerfile in the context unless it is named."""
        root = Path(data["root"])
        context = root / data.get("context", "")
        dockerfile = root / data["dockerfile"] if data.get("dockerfile") else context / "Dockerfile"
        ca = data.get("build_ca")
        return {**data, "context": context, "dockerfile": dockerfile, "build_ca": root / ca if ca else None}
