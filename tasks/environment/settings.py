"""Every setting, typed: the model that verbs work with, and that the table of settings is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

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
    values.Written(values.choice("cloudrun", "ecs", "docker")),
    values.Kind("`docker`, `cloudrun` or `ecs`"),
]
Builder = Annotated[
    Literal["buildkit", "engine", "cloudbuild"],
    values.Written(values.choice("buildkit", "engine", "cloudbuild")),
    values.Kind("`buildkit`, `engine` or `cloudbuild`"),
]
VersionFrom = Annotated[
    Literal["", "changelog", "build_number", "git"],
    values.Written(values.choice("changelog", "build_number", "git")),
    values.Kind("`changelog`, `build_number` or `git`"),
]


def setting(default: Any = MISSING, description: str = "", default_factory: Any = MISSING, *, repr: bool = True) -> Any:
    """A field of Environment, and what it is."""
    given = {"default": default} if default_factory is MISSING else {"default_factory": default_factory}
    return field(**given, repr=repr, metadata={"description": description})


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment, complete and checked. Sizes are in bytes, times in seconds, CPUs in vCPU.

    An unset text is "", an unset number None. Relative paths are taken from the project's root. `origins` tells
    where each key is written; a variable that came from ENV_FILE stands there as ENV_<NAME>.
    """

    root: Path
    name: str
    origins: Mapping[str, Origin] = setting(default_factory=dict, repr=False)

    target: Target = setting(description="platform that runs the service")
    service: Annotated[str, values.Written(forms.service), values.Kind("name")] = setting(
        description="name of the service"
    )
    image: Annotated[str, values.Written(forms.repository), values.Kind("repository")] = setting(
        description="image, without tag"
    )
    project: values.Word = setting(
        "", description="Google Cloud project of Cloud Run, and of `BUILDER=cloudbuild` on any target"
    )
    region: values.Word = setting("", description="region of the platform")
    cluster: values.Word = setting("", description="ECS cluster")
    task_family: Annotated[str, values.Written(forms.family), values.Kind("name")] = setting(
        "", description="family of the task definitions"
    )
    container: values.Word = setting("", description="container of the task definition that gets the image")
    docker_context: values.Word = setting("", description="Docker context of the engine to deploy to")
    account: Annotated[str, values.Written(forms.account), values.Kind("12 digits")] = setting(
        "", description="AWS account that the credentials must belong to"
    )
    protected: values.Flag = setting(False, description="must be named to be changed, and takes only a clean tree")
    fixed: Annotated[Mapping[str, str], Rows([FIXED])] = setting(default_factory=dict, repr=False)
    required: values.Names = setting((), description="container variables that must be set")

    dockerfile: Annotated[Path, values.Kind("path", default="Dockerfile of CONTEXT")] = setting(
        Path(), description="recipe of the image"
    )
    context: Annotated[Path, values.Kind("path", default="the project")] = setting(
        Path(), description="directory to build from"
    )
    stage: values.Word = setting("", description="stage of the recipe to stop at")
    platform: Annotated[
        tuple[str, ...], values.Written(values.each(forms.platform)), values.Kind("os/arch, several by comma")
    ] = setting(("linux/amd64",), description="what the image must run on")
    builder: Builder = setting("buildkit", description="what builds the image")
    no_cache: values.Flag = setting(False, description="build anew, without looking for the same image first")
    reproducible: Annotated[
        bool | None, values.Written(values.flag), values.Kind("true or false", default="as `PROTECTED`")
    ] = setting(None, description="the same inputs give the same digest, where the builder can; takes seconds there")
    max_image_size: values.MaybeSize = setting(None, description="size that refuses an image when exceeded")
    build_network: values.Word = setting("", description="network of the build, such as `host`")
    build_ca: Annotated[Path | None, values.Kind("path")] = setting(
        None, description="CA bundle that the build gets as the secret `ca`"
    )
    build_timeout: values.Limit = setting(3600.0, description="longest build")
    build_machine: values.Word = setting("", description="machine type of Cloud Build")
    build_bucket: values.Word = setting("", description="bucket that Cloud Build gets the source through")
    build_logging: Annotated[str, values.Written(values.choice(*LOGGING)), values.Kind("Cloud Build's LoggingMode")] = (
        setting("", description="where Cloud Build logs to")
    )
    build_config: values.Text = setting("", description="build configuration file of Cloud Build")
    deprecated: values.Items = setting((), description="Dockerfiles that are refused")
    scan_max: Annotated[
        str, values.Written(values.choice(*SEVERITIES)), values.Kind(", ".join(f"`{word}`" for word in SEVERITIES))
    ] = setting("", description="worst finding that a scan of the image may have")
    build_args: Annotated[Mapping[str, str], Rows([BUILD_ARG])] = setting(default_factory=dict, repr=False)
    build_secrets: Annotated[Mapping[str, str], Rows([BUILD_SECRET])] = setting(default_factory=dict)

    tag: Annotated[str, values.Written(forms.template), values.Kind("template")] = setting(
        "{sha}", description="tag, of " + " ".join(f"`{{{name}}}`" for name in forms.PLACEHOLDERS)
    )
    version_from: VersionFrom = setting("", description="where `{version}` comes from")
    build_number: Annotated[str, values.Written(forms.build_number), values.Kind("`201`, `200-dev`")] = setting(
        "", description="number that makes version and `{build}`: 201 is 2.0.1"
    )
    also_tag: Annotated[
        tuple[str, ...], values.Written(values.each(forms.tag)), values.Kind("tags, by comma or space")
    ] = setting((), description="moving tags, set with each push")

    port: Annotated[int, values.Written(values.whole(1, 65535)), values.Kind("number from 1 to 65535")] = setting(
        8080, description="port that the container listens on"
    )
    cpu: values.MaybeCpu = setting(None, description="CPU limit")
    memory: values.MaybeSize = setting(None, description="memory limit")
    gpu: values.MaybeCount = setting(None, description="GPUs of an instance")
    gpu_type: values.Word = setting("", description="type of GPU, such as `nvidia-l4`")
    gpu_zonal_redundancy: values.MaybeFlag = setting(None, description="whether GPUs are reserved in a second zone")
    min_instances: values.MaybeZero = setting(None, description="instances that always run")
    max_instances: values.MaybeCount = setting(None, description="most instances")
    replicas: values.Count = setting(1, description="instances that run")
    concurrency: Annotated[int | None, values.Written(values.whole(1, 1000)), values.Kind("number from 1 to 1000")] = (
        setting(None, description="requests that an instance takes at a time")
    )
    request_timeout: values.Limit = setting(300.0, description="longest request")
    public: values.MaybeFlag = setting(None, description="whether anybody may call the service")
    service_account: values.Word = setting("", description="service account that the service runs as")
    cloudsql: Annotated[str, values.Written(forms.cloudsql), values.Kind("`project:region:instance`")] = setting(
        "", description="Cloud SQL instance, mounted at `/cloudsql`"
    )
    read_only: values.Flag = setting(False, description="read-only root file system")
    tmpfs: Annotated[
        tuple[str, ...], values.Written(values.each(forms.tmpfs)), values.Kind("paths: `/tmp`, `/tmp:64Mi`")
    ] = setting((), description="writable directories in memory")
    variables: Annotated[Mapping[str, str], Rows([ENV_FILE, ENV])] = setting(default_factory=dict, repr=False)
    secrets: Annotated[Mapping[str, str], Rows([SECRET])] = setting(default_factory=dict)

    release_command: values.Command = setting((), description="run once before traffic: migrations")
    rollback_command: values.Command = setting((), description="run by `migrate.down` only")
    processes: Annotated[Mapping[str, tuple[str, ...]], Rows([PROCESS])] = setting(default_factory=dict)

    url: Annotated[str, values.Written(forms.url), values.Kind("URL")] = setting(
        "", description="where the service is reached"
    )
    health_path: Annotated[str, values.Written(forms.path), values.Kind("path of a request")] = setting(
        "", description="what must answer 2xx or 3xx; without it nothing is probed"
    )
    health_timeout: values.Limit = setting(60.0, description="longest time to get healthy")
    health_command: values.Command = setting(
        (), description="health check that runs in the container; its interval, timeout and retries stay as they are"
    )
    checks: Annotated[tuple[Check, ...], Rows([CHECK, CHECK_BODY, CHECK_HEADERS])] = setting(())
    log_deny: values.Items = setting((), description="texts that no log line may hold")
    log_group: Annotated[str, values.Written(forms.log_group), values.Kind("name")] = setting(
        "", description="CloudWatch log group that the containers log to"
    )
    max_error_rate: Annotated[
        float | None, values.Written(values.fraction), values.Kind("share: `0.01`, `1%`", default="`5%` while watched")
    ] = setting(None, description="largest share of requests that may fail")

    canary: values.Percentages = setting((), description="steps of traffic before 100 %")
    bake: Annotated[
        float | None,
        values.Written(units.duration),
        values.Kind("duration: `60s`, `15m`", default="`60s` after each step"),
    ] = setting(None, description="how long a revision is watched after each step of `CANARY`; if set, also at 100 %")
    auto_rollback: values.Flag = setting(True, description="undo a release that fails")
    deploy_timeout: values.Limit = setting(600.0, description="longest rollout")
    drain_timeout: values.Wait = setting(10.0, description="time that old instances get to finish")

    default_env: values.Word = setting("", description="environment to use where none is named; in `common.env` only")


@dataclass(frozen=True)
class About:
    """What is known of a field: what it is, how it is written, and its default where it is not.

    `rows` are the keys that it is made from, where those are several; `convert` makes its value of a text.
    """

    description: str
    kind: values.Kind | None
    rows: Rows | None
    convert: Callable[[str], Any]
    default: Any
    required: bool


@cache
def fields() -> dict[str, About]:
    """Every field of Environment, in its order."""
    hints = get_type_hints(Environment, include_extras=True)
    return {
        each.name: about(each, getattr(hints[each.name], "__metadata__", ()))
        for each in dataclasses.fields(Environment)
    }


def about(each: dataclasses.Field[Any], annotations: tuple[Any, ...]) -> About:
    """A field by its annotations."""
    return About(
        description=each.metadata.get("description", ""),
        kind=next((one for one in reversed(annotations) if isinstance(one, values.Kind)), None),
        rows=next((one for one in annotations if isinstance(one, Rows)), None),
        convert=next((one.convert for one in annotations if isinstance(one, values.Written)), str),
        default=None if each.default is MISSING else each.default,
        required=each.default is MISSING and each.default_factory is MISSING,
    )


def paths(given: Mapping[str, Any]) -> dict[str, Path | None]:
    """The paths made absolute: the context in the project, the Dockerfile in the context unless it is named."""
    root = Path(given["root"])
    context = root / given.get("context", "")
    dockerfile = root / given["dockerfile"] if given.get("dockerfile") else context / "Dockerfile"
    ca = given.get("build_ca")
    return {"context": context, "dockerfile": dockerfile, "build_ca": root / ca if ca else None}
