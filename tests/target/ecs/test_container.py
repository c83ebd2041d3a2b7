"""One container of a release: what each setting changes of it, byte for byte."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from tasks.target.ecs import definition

from .sample import ACCEPTED, API, RELEASE, REPOSITORY, ROUTER, SECRET, api, described, live, settings


def wanted(root: Path, text: str = "", content: dict[str, Any] | None = None) -> dict[str, Any]:
    return definition.wanted(live(content), settings(root, text), RELEASE, ACCEPTED)


def changed(root: Path, text: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    before = definition.registrable(content or described(), ACCEPTED)
    after = wanted(root, text, content)
    assert [each["name"] for each in after["containerDefinitions"]] == [
        each["name"] for each in before["containerDefinitions"]
    ]
    assert {**after, "containerDefinitions": 0} == {**before, "containerDefinitions": 0}
    assert after["containerDefinitions"][1:] == before["containerDefinitions"][1:]
    return {key: value for key, value in api(after).items() if value != api(before).get(key) and key != "image"}


def test_variables_are_set_byte_for_byte_in_place_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "vars").write_text('FILED="kept" \' ${x}\\ #\n', encoding="utf-8")
    assert changed(tmp_path, "ENV_FILE=vars\nENV_MODE=\nENV_NEW='ü $x\n\"'\n") == {
        "environment": [
            {"name": "MODE", "value": ""},
            {"name": "DB_PASSWORD", "value": "hunter2"},
            {"name": "EMPTY", "value": ""},
            {"name": "FILED", "value": '"kept" \' ${x}\\ #'},
            {"name": "NEW", "value": 'ü $x\n"'},
        ]
    }


def test_a_variable_that_becomes_a_secret_is_no_variable_any_more(tmp_path: Path) -> None:
    assert changed(tmp_path, f"SECRET_DB_PASSWORD={SECRET}db\nSECRET_TOKEN={SECRET}other\n") == {
        "environment": [{"name": "MODE", "value": "fast"}, {"name": "EMPTY", "value": ""}],
        "secrets": [
            {"name": "TOKEN", "valueFrom": f"{SECRET}other"},
            {"name": "DB_PASSWORD", "valueFrom": f"{SECRET}db"},
        ],
    }


def test_a_secret_that_becomes_a_variable_is_no_secret_any_more(tmp_path: Path) -> None:
    assert changed(tmp_path, "ENV_TOKEN=none\n") == {
        "environment": [*API["environment"], {"name": "TOKEN", "value": "none"}],
        "secrets": [],
    }


def test_a_variable_that_is_there_twice_is_there_once(tmp_path: Path) -> None:
    twice = described(containerDefinitions=[{**API, "environment": [{"name": "A", "value": v} for v in "12"]}])
    assert changed(tmp_path, "ENV_A=3\n", twice) == {"environment": [{"name": "A", "value": "3"}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("READ_ONLY=true\n", {"readonlyRootFilesystem": True}),
        ("READ_ONLY=false\n", {"readonlyRootFilesystem": False}),
        ("DRAIN_TIMEOUT=1500ms\n", {"stopTimeout": 2}),
        ("TMPFS=/tmp:64Mi\n", {"linuxParameters": {"tmpfs": [{"containerPath": "/tmp", "size": 64}]}}),
        (
            "HEALTH_COMMAND=python -c 'import app; app.check()'\n",
            {
                "healthCheck": {
                    "command": ["CMD", "python", "-c", "import app; app.check()"],
                    "interval": 10,
                    "timeout": 5,
                    "retries": 3,
                }
            },
        ),
        (
            "LOG_GROUP=/ecs/other\n",
            {
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {**API["logConfiguration"]["options"], "awslogs-group": "/ecs/other"},
                }
            },
        ),
        (
            "PORT=9000\n",
            {
                "portMappings": [{"containerPort": 9000, "hostPort": 9000, "protocol": "tcp"}],
                "environment": [*API["environment"], {"name": "PORT", "value": "9000"}],
            },
        ),
        (
            "PORT=8000\nENV_PORT=1\n",
            {"environment": [*API["environment"], {"name": "PORT", "value": "1"}]},
        ),
    ],
)
def test_each_setting_is_one_field(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert changed(tmp_path, text) == expected


def test_a_container_without_ports_health_check_and_log_gets_them(tmp_path: Path) -> None:
    bare = described(containerDefinitions=[{"name": "api", "image": REPOSITORY}])
    assert changed(tmp_path, "PORT=80\nENV_PORT=1\nHEALTH_COMMAND=true\nLOG_GROUP=/ecs/a\n", bare) == {
        "environment": [{"name": "PORT", "value": "1"}],
        "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
        "healthCheck": {"command": ["CMD", "true"]},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/a",
                "awslogs-region": "eu-north-1",
                "awslogs-stream-prefix": "api",
            },
        },
    }


def test_a_dynamic_host_port_stays_one(tmp_path: Path) -> None:
    bridge = described(
        networkMode="bridge",
        containerDefinitions=[{**API, "portMappings": [{"containerPort": 80, "hostPort": 0}]}],
    )
    assert changed(tmp_path, "PORT=81\nENV_PORT=1\n", bridge)["portMappings"] == [{"containerPort": 81, "hostPort": 0}]


def test_the_options_of_a_tmpfs_are_kept(tmp_path: Path) -> None:
    mounts = [{"containerPath": path, "size": 8, "mountOptions": ["noexec"]} for path in ("/tmp", "/old")]
    linux = {"initProcessEnabled": True, "tmpfs": mounts}
    content = described(containerDefinitions=[{**API, "linuxParameters": linux}])
    assert changed(tmp_path, "TMPFS=/tmp:64Mi,/new:1500k\n", content)["linuxParameters"] == {
        "initProcessEnabled": True,
        "tmpfs": [
            {"containerPath": "/tmp", "size": 64, "mountOptions": ["noexec"]},
            {"containerPath": "/new", "size": 2},
        ],
    }


NAMES = st.text("ABC_xyz0", min_size=1, max_size=4).filter(lambda name: not name[0].isdigit())
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@run(max_examples=40, deadline=None)
@given(
    before=st.dictionaries(NAMES, VALUES, max_size=5),
    secrets=st.dictionaries(NAMES, st.just(f"{SECRET}x"), max_size=3),
    new=st.dictionaries(NAMES, VALUES, max_size=4),
    extra=st.dictionaries(st.sampled_from(["hostname", "user", "workingDirectory"]), st.text("ab", min_size=1)),
)
def test_whatever_is_there_only_the_named_variables_and_the_image_change(
    before: dict[str, str], secrets: dict[str, str], new: dict[str, str], extra: dict[str, str]
) -> None:
    content = described(
        containerDefinitions=[
            {
                **API,
                **extra,
                "environment": [{"name": n, "value": v} for n, v in before.items() if n not in secrets],
                "secrets": [{"name": n, "valueFrom": v} for n, v in secrets.items()],
            },
            ROUTER,
        ]
    )
    with TemporaryDirectory() as folder:
        quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in new.items()}
        text = "".join(f"ENV_{name}='{value}'\n" for name, value in quoted.items())
        difference_of = changed(Path(folder), text, content)
        after = api(wanted(Path(folder), text, content))
    assert {each["name"]: each["value"] for each in after["environment"]} == {
        **{name: value for name, value in before.items() if name not in secrets},
        **new,
    }
    assert {each["name"] for each in after["secrets"]} == set(secrets) - set(new)
    assert set(difference_of) <= {"environment", "secrets"}
