"""docs/systems.md, row by row: its commands parse, its settings are the examples', and its tests are there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from invoke.exceptions import ParseError

from tasks import environment
from tasks.environment import keys
from tasks.errors import SettingError
from tests.conftest import Dockyard
from tests.systems.example import environments, found, override, settings
from tests.systems.facts import FACTS
from tests.systems.shown import collected, types, verb_of
from tests.systems.table import EXAMPLES, OTHERS, REPOSITORY, Row, Said, rows

ROWS = rows()
READING = ("env.show", "env.lint", "env.diff", "migrate.show")  # what can be run here and now
OWN = ("DEFAULT_ENV", "BUILD_ARG_")  # how an example is typed and built, of which its system has no rule

each_row = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
Copy = Callable[[str], Path]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """An example as it is committed, without what one machine overrides."""

    @cache
    def made(system: str) -> Path:
        root = tmp_path_factory.mktemp("examples") / system
        shutil.copytree(EXAMPLES / system, root, ignore=shutil.ignore_patterns("*.local.env", "*.lock"))
        return root

    return made


@pytest.fixture(autouse=True)
def nobody_else_says_how_to_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("BUILDER", "BUILD_NUMBER", "DOCKYARD_ENV"):
        monkeypatch.delenv(key, raising=False)


@each_row
def test_its_commands_parse_and_its_settings_stand_where_it_says(
    row: Row, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy(row.system)
    for command in row.commands:
        for env in environments(root, command, monkeypatch):
            for key, value in command.variables.items():
                with monkeypatch.context() as patch:
                    patch.setenv(key, value)
                    assert settings(root, env)[key][0].startswith(value), f"{key} of the process does not reach {env}"
    for said in row.said:
        if said.file.startswith("env/"):
            in_environment(root, said)
        elif said.file:
            assert said.text in found(root, said.file).read_text(encoding="utf-8"), f"{said} is not so"
        elif re.fullmatch(r"[A-Z][A-Z0-9_]+(=.*)?", said.text):
            may_be_set(root, said.text)
        else:
            found(root, said.text)


def in_environment(root: Path, said: Said) -> None:
    """A setting is what an env file says, wherever no other file says something else."""
    key, equals, value = said.text.partition("=")
    lines = (root / said.file).read_text(encoding="utf-8").splitlines()
    name = Path(said.file).stem
    wanted = re.compile(re.escape(key).replace(r"\*", ".+"))
    there = {
        given
        for env in (environment.names(root) if name == environment.COMMON else [name])
        for each, (given, file) in settings(root, env).items()
        if wanted.fullmatch(each) and file == said.file
    }
    assert there, f"{said.file} does not set {key}"
    assert not equals or there == {value} or said.text in lines, f"{said.file} sets {key} to {there}"


def may_be_set(root: Path, text: str) -> None:
    """A setting that no file of the example has: there is such a key, and some environment takes that value."""
    key, equals, value = text.partition("=")
    assert keys.pattern(key), f"{key} is no setting"
    assert not equals or any(taken(root, env, key, value) for env in environment.names(root)), f"nobody takes {text}"


def taken(root: Path, env: str, key: str, value: str) -> bool:
    """Whether an environment is right with one more setting."""
    with override(root, env, f"{key}={value}"):
        try:
            return settings(root, env)[key][0] == value
        except SettingError:
            return False


@each_row
def test_its_tests_are_there_and_type_its_verbs(row: Row) -> None:
    if row.carrier.startswith(OTHERS):
        assert not [*row.tests, *row.commands, *row.said]
        return
    assert [*row.commands, *row.said], "neither verb nor setting"
    assert row.tests, "no test shows it"
    files = {file: name for file, _, name in (test.partition("::") for test in row.tests)}
    assert [test for test in row.tests if test.partition("::")[2] not in collected(test.partition("::")[0])] == []
    assert REPOSITORY / "tests" / "test_systems.py" not in [REPOSITORY / file for file in files]
    verbs = [verb_of(command) for command in row.commands]
    assert [verb for verb in verbs if not any(types(file, verb) for file in files)] == []


@pytest.mark.parametrize(
    "row", [row for row in ROWS if {verb_of(each) for each in row.commands} & {*READING}], ids=lambda row: str(row.id)
)
def test_what_only_reads_settings_does_so(row: Row, copy: Copy, dockyard: Dockyard) -> None:
    for command in row.commands:
        if verb_of(command) in READING:
            ran = dockyard(command.words, copy(row.system))
            assert ran.code == 0, ran.err


def test_every_example_is_in_it_and_each_rule_once() -> None:
    examples = {path.parent.name for path in EXAMPLES.glob("*/env")}
    assert {row.system for row in ROWS} == set(FACTS) == examples
    assert [row.system for row in ROWS] == sorted((row.system for row in ROWS), key=list(FACTS).index)
    ids = [row.id for row in ROWS]
    assert [each for each in ids if ids.count(each) > 1] == []


@pytest.mark.parametrize("system", FACTS)
def test_every_value_of_the_system_is_in_a_row_of_it(system: str) -> None:
    text = "\n".join(f"{row.rule} | {row.carrier}" for row in ROWS if row.system == system)
    assert [each for each in FACTS[system] if each not in text] == []


@pytest.mark.parametrize("system", FACTS)
def test_every_setting_of_its_clouds_is_in_a_row_of_it(system: str, copy: Copy) -> None:
    root = copy(system)
    said = {each.text.partition("=")[0] for row in ROWS if row.system == system for each in row.said}
    known = re.compile("|".join(re.escape(key).replace(r"\*", ".+") for key in said))
    clouds = [env for env in environment.names(root) if environment.load(root, env).target != "docker"]
    written = {key for env in clouds for key in settings(root, env) if not key.startswith(OWN)}
    assert [key for key in sorted(written) if not known.fullmatch(key)] == []


@pytest.mark.parametrize(
    "carrier",
    [
        "`inv push.production --also=latest`",
        "`inv verify --env=production`",
        "`inv verify --env=prod --tags=v1`",
        "`inv verify`",
        "`BUILD_NUMBER=201 inv build.prod`",
        "`REGION=europe-west1` (env/prod.env)",
        "`REGION=europe-west3` (env/common.env)",
        "`REGION=europe-west3` (env/prod.env, env/local.env)",
        "`REGIONS`",
        "`PLATFORM=amd64`",
        "`GPU_TYPE=nvidia-l4` (CHANGELOG.md)",
        "`no/such.file`",
    ],
)
def test_a_row_that_has_gone_stale_fails(carrier: str, copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row(1, "rec2pdf", "x", carrier, ())
    with pytest.raises((AssertionError, KeyError, ParseError)):
        test_its_commands_parse_and_its_settings_stand_where_it_says(row, copy, monkeypatch)


@pytest.mark.parametrize(
    ("carrier", "tests"),
    [
        ("in words only", ("tests/test_pin.py::test_an_index_is_pinned",)),
        ("`inv pin --env=prod`", ()),
        ("`inv pin --env=prod`", ("tests/test_pin.py::test_that_is_not_there",)),
        ("`inv pin --env=prod`", ("tests/test_who.py::test_a_user_without_a_name_is_a_number",)),
        ("`inv pin --env=prod`", ("tests/test_systems.py::test_a_row_whose_tests_are_gone_fails",)),
        (f"{OTHERS}`inv pin --env=prod`", ()),
    ],
)
def test_a_row_whose_tests_are_gone_fails(carrier: str, tests: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError):
        test_its_tests_are_there_and_type_its_verbs(Row(1, "rec2pdf", "x", carrier, tests))
