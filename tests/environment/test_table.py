"""The table of settings is made from the model, and says of each key what reading does with it."""

from __future__ import annotations

import pytest

from tasks.environment import keys, table
from tasks.environment.settings import fields


def test_every_field_has_its_row() -> None:
    lines = table.markdown().splitlines()
    assert lines[:2] == ["| Key | What it is | Written as | Default | Targets |", "| --- | --- | --- | --- | --- |"]
    assert "| `PORT` | port that the container listens on | number from 1 to 65535 | `8080` | all |" in lines
    watched = "how long a revision is watched after each step of `CANARY`; if set, also at 100 %"
    assert f"| `BAKE` | {watched} | duration: `60s`, `15m` | `60s` after each step | all |" in lines
    assert "| `READ_ONLY` | read-only root file system | true or false | `false` | docker ecs |" in lines
    assert "| `DOCKERFILE` | recipe of the image | path | Dockerfile of CONTEXT | all |" in lines
    assert "| `SERVICE` | name of the service | name | required | all |" in lines
    assert len({line.split("|")[1] for line in lines[2:]}) == len(keys.rows()) == len(lines) - 2
    assert all(
        line.count(" | ") == 4 and row.what for line, (row, _) in zip(lines[2:], keys.rows().values(), strict=True)
    )
    several = {"variables", "secrets", "build_args", "build_secrets", "fixed", "processes", "checks"}
    scalars = set(fields()) - several - {"root", "name", "origins"}
    assert {key.lower() for key in keys.rows() if "<" not in key} == scalars | {"env_file"}


def test_what_only_some_targets_honour_is_a_key() -> None:
    assert set(keys.HONOURED) <= set(keys.rows())
    assert all(set(targets) < set(keys.ALL) for targets in keys.HONOURED.values())


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("PORT", "PORT"),
        ("ENV_FILE", "ENV_FILE"),
        ("ENV_FILES", "ENV_<NAME>"),
        ("ENV_http_proxy", "ENV_<NAME>"),
        ("BUILD_ARG_A", "BUILD_ARG_<NAME>"),
        ("BUILD_SECRET_A", "BUILD_SECRET_<NAME>"),
        ("SECRET_A", "SECRET_<NAME>"),
        ("CHECK_A", "CHECK_<NAME>"),
        ("CHECK_BODY", "CHECK_<NAME>"),
        ("CHECK_A_BODY", "CHECK_<NAME>_BODY"),
        ("CHECK_BODY_BODY", "CHECK_<NAME>_BODY"),
        ("CHECK_A_HEADERS", "CHECK_<NAME>_HEADERS"),
        ("FIXED_ENV_A", "FIXED_<KEY>"),
        ("ENV_<NAME>", ""),
        ("ENV_", ""),
        ("ROOT", ""),
        ("NAME", ""),
        ("ORIGINS", ""),
        ("VARIABLES", ""),
    ],
)
def test_a_key_belongs_to_a_row(key: str, row: str) -> None:
    assert keys.pattern(key) == row
