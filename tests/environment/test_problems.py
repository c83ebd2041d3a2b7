"""Every sentence that is said about a wrong line, with file and line, and how several are told."""

from __future__ import annotations

import pytest

from ..conftest import Project
from .given import DOCKER, problems


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("MEMROY=1Gi", "MEMROY is unknown; did you mean MEMORY?"),
        ("EVN_FOO=1", "EVN_FOO is unknown; did you mean ENV_FOO?"),
        ("BUILD_AGR_FOO=1", "BUILD_AGR_FOO is unknown; did you mean BUILD_ARG_FOO?"),
        ("port=1", "port is unknown; did you mean PORT?"),
        ("DATABASE_URL=x", "DATABASE_URL is unknown; a variable of the container is written ENV_DATABASE_URL."),
        ("ENV_=x", "ENV_ lacks a name; write it as ENV_NAME."),
        (f"{'a' * 64}=", "this line sets no known key; write KEY=value, or quote a value of several lines."),
        ("PORT=0", "PORT='0' is out of range: write a whole number from 1 to 65535."),
        ("PORT=65536", "PORT='65536' is out of range: write a whole number from 1 to 65535."),
        ("PORT=http", "PORT='http' is out of range: write a whole number from 1 to 65535."),
        ("REPLICAS=-1", "REPLICAS='-1' is out of range: write a whole number of at least 1."),
        ("CPU=0", "CPU='0' is nothing: write more, such as 500m."),
        ("MEMORY=1G", "MEMORY='1G' is no size: write bytes, 512Mi, 32Gi, 1GB (10**9) or 64m (Docker's, binary)."),
        ("BAKE=soon", "BAKE='soon' is no duration: write 60s, 15m, 1h30m, 250ms or plain seconds."),
        ("DEPLOY_TIMEOUT=0s", "DEPLOY_TIMEOUT='0s' is nothing: write more, such as 60s."),
        ("READ_ONLY=maybe", "READ_ONLY='maybe' is neither true nor false: write one of them."),
        ("BUILDER=kaniko", "BUILDER='kaniko' is unknown: write buildkit, engine or cloudbuild."),
        ("VERSION_FROM=tag", "VERSION_FROM='tag' is unknown: write changelog, build_number or git."),
        ("SCAN_MAX=worst", "SCAN_MAX='worst' is unknown: write none, low, medium, high or critical."),
        ("PLATFORM=amd64", "PLATFORM='amd64' is no platform: write os/arch such as linux/amd64."),
        (
            "PLATFORM=linux/amd64,linux/amd64",
            "PLATFORM='linux/amd64,linux/amd64' names linux/amd64 twice: write it once.",
        ),
        ("STAGE=--push", "STAGE='--push' is no name: write it without white space and without a leading `-`."),
        ("STAGE=a b", "STAGE='a b' is no name: write it without white space and without a leading `-`."),
        ("TAG={env}-{sah}", "TAG='{env}-{sah}' names {sah}, which is unknown; did you mean {sha}?"),
        (
            "TAG={x}",
            "TAG='{x}' names {x}, which is unknown; write one of {env} {date} {time} {sha} {branch} {version} {build}.",
        ),
        ("TAG=-a", "TAG='-a' makes no tag: write letters, digits, `_`, `.`, `-` and names such as {sha}."),
        ("TAG={sha", "TAG='{sha' makes no tag: write letters, digits, `_`, `.`, `-` and names such as {sha}."),
        ("ALSO_TAG=a/b", "ALSO_TAG='a/b' is no tag: write at most 128 letters, digits, `_`, `.` and `-`."),
        (
            "BUILD_NUMBER=v2",
            "BUILD_NUMBER='v2' is no build number: write digits, with a suffix if need be: 201 or 200-dev.",
        ),
        ("CANARY=50,10", "CANARY='50,10' is no canary: write rising percentages from 1 to 99, such as 10,50."),
        ("CANARY=10,100", "CANARY='10,100' is no canary: write rising percentages from 1 to 99, such as 10,50."),
        (
            "TMPFS=tmp",
            "TMPFS='tmp' is no tmpfs: write a path from the first slash on, with a size if need be: /tmp:64Mi.",
        ),
        (
            "TMPFS=/tmp:big",
            "TMPFS='/tmp:big' is no tmpfs: write a path from the first slash on, with a size if need be: /tmp:64Mi.",
        ),
        (
            'RELEASE_COMMAND=say "hi',
            "RELEASE_COMMAND='say \"hi' has a quote or backslash that is not closed: close it.",
        ),
        (
            "PROCESS_WEB=run",
            "PROCESS_WEB names no process of its own; write letters, digits and `_`, and not WEB, the service itself.",
        ),
        ("HEALTH_PATH=health", "HEALTH_PATH='health' is no path: write it from the first slash on, such as /health."),
        (
            "URL=127.0.0.1:8080",
            "URL='127.0.0.1:8080' is no URL: write scheme, host and port, such as http://127.0.0.1:8080.",
        ),
        (
            "URL=http://h:99999",
            "URL='http://h:99999' is no URL: write scheme, host and port, such as http://127.0.0.1:8080.",
        ),
        (
            "URL=http://me:pw@h",
            "URL holds a user or password: write scheme, host and port, such as http://127.0.0.1:8080.",
        ),
        (
            "CHECK_A=GET /x",
            "CHECK_A='GET /x' is no check: write METHOD /path STATUS [text], such as GET /health 200 ok.",
        ),
        (
            "CHECK_A=GET x 200",
            "CHECK_A='GET x 200' is no check: write METHOD /path STATUS [text], such as GET /health 200 ok.",
        ),
        (
            "CHECK_A=HEAD / 200 ok",
            "CHECK_A='HEAD / 200 ok' asks for a text, but an answer to HEAD has none: write GET.",
        ),
        ("CHECK_A_BODY=x", "CHECK_A_BODY belongs to CHECK_A, which is not set; write it, or remove this."),
        (
            "SECRET_DB=correct horse",
            "SECRET_DB holds no reference that docker can read (not shown, as it may be a secret); write "
            "env:NAME or file:PATH.",
        ),
        (
            "BUILD_SECRET_NPM=abc",
            "BUILD_SECRET_NPM holds no reference that buildkit can read (not shown, as it may be a secret); "
            "write env:NAME or file:PATH.",
        ),
        (
            "BUILD_ARG_NPM_TOKEN=abc",
            "BUILD_ARG_NPM_TOKEN looks like a secret, and build arguments stay readable in the image; write "
            "BUILD_SECRET_NPM_TOKEN with a reference.",
        ),
        (
            "ENV_FILE=absent.env",
            "ENV_FILE=absent.env cannot be read (No such file or directory); make that file, or remove the key.",
        ),
        ("'ENV_A B'=1", "'ENV_A B' names no variable; leave out white space and `=`."),
        ("DEFAULT_ENV=local", "DEFAULT_ENV belongs in env/common.env, which every environment reads; move it there."),
        ("REQUIRED=DB_URL", "REQUIRED names DB_URL, which is not set; write ENV_DB_URL or SECRET_DB_URL."),
        (
            "ENV_A=${NOT_SET_ANYWHERE}",
            "ENV_A takes ${NOT_SET_ANYWHERE}, which neither these files nor the process environment has; "
            "set it, or write ${NOT_SET_ANYWHERE:-default}.",
        ),
        ("PROJECT=p", "PROJECT does nothing on TARGET=docker, only on cloudrun; remove it."),
        ("REGION=r", "REGION does nothing on TARGET=docker, only on cloudrun and ecs; remove it."),
        ("GPU=1", "GPU does nothing on TARGET=docker, only on cloudrun; remove it."),
        (
            "BUILD_BUCKET=b",
            "BUILD_BUCKET belongs to BUILDER=cloudbuild, not to BUILDER=buildkit; remove it, or change BUILDER.",
        ),
        ("MEMORY=512", "MEMORY is less than 6Mi, the least on TARGET=docker; write a unit: 512Mi, not 512."),
        ("TAG=latest", "TAG=latest is a moving tag, which is never deployed; write one such as {date}-{sha}."),
        ("TAG={build}", "TAG names {build}, but BUILD_NUMBER is not set; set it."),
        (
            "TAG={version}",
            "TAG names {version}; say where it comes from: VERSION_FROM=changelog, build_number or git.",
        ),
        ("VERSION_FROM=build_number", "VERSION_FROM=build_number needs BUILD_NUMBER, which is not set; set it."),
        ("DEPRECATED=Dockerfile", "Dockerfile is DEPRECATED here; write DOCKERFILE with another."),
        ("FIXED_MEMROY=1Gi", "FIXED_MEMROY: MEMROY is unknown; did you mean MEMORY?"),
        (
            "FIXED_MEMORY=lots",
            "FIXED_MEMORY='lots' is no size: write bytes, 512Mi, 32Gi, 1GB (10**9) or 64m (Docker's, binary).",
        ),
        ("FIXED_MEMORY=1Gi", "MEMORY is not set, but env/local.env:4 fixes it to 1Gi; put it back, or add --force."),
    ],
)
def test_a_wrong_line_is_a_sentence(project: Project, line: str, problem: str) -> None:
    assert problems(project(local=f"{DOCKER}{line}\n")) == [f"env/local.env:4: {problem}"]


def test_all_problems_are_told_at_once_in_the_order_of_the_files(project: Project) -> None:
    root = project(
        common="FOO=1\nPROJECT=p\n",
        local=DOCKER + "MEMORY=lots\nCPU=x\nnonsense\nCHECK_A_BODY=b\nENV_A=${NOT_SET_ANYWHERE}\n",
    )
    assert [line.partition(" ")[0] for line in problems(root)] == [
        "env/common.env:1:",
        "env/common.env:2:",
        "env/local.env:4:",
        "env/local.env:5:",
        "env/local.env:6:",
        "env/local.env:7:",
        "env/local.env:8:",
    ]
    assert problems(root)[1] == (
        "env/common.env:2: PROJECT does nothing on TARGET=docker, only on cloudrun; "
        "unset it with PROJECT= in env/local.env."
    )


def test_a_key_that_takes_an_unknown_one_is_not_told_as_well(project: Project) -> None:
    assert problems(project(local=DOCKER + "UPSTREAM=b\nENV_A=${UPSTREAM}\n")) == [
        "env/local.env:4: UPSTREAM is unknown; a variable of the container is written ENV_UPSTREAM."
    ]


def test_a_missing_key_is_not_told_where_its_line_could_not_be_read(project: Project) -> None:
    assert problems(project(local="TARGET docker\nSERVICE=a\nIMAGE=a\n")) == [
        "env/local.env:1: this line does not parse; write KEY=value, or KEY='any text'."
    ]


def test_a_value_is_never_repeated_where_it_looks_like_a_secret(project: Project) -> None:
    found = problems(
        project(
            local=DOCKER
            + "STAGE=postgresql://u:hunter2@h/d b\nSECRET_A='hunter2 !'\nENV_B=1\nFIXED_ENV_B=sk_live_hunter2x\n"
        )
    )
    assert len(found) == 3
    assert "hunter2" not in "".join(found)
