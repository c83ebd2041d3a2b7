"""ENV_FILE is read as Docker reads `--env-file`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.environment import envfile
from tasks.environment.problems import Problem

PATH = Path("apps/.env.docker")
VALUE = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]))
NAME = st.text(st.characters(exclude_characters="\0\n\r= \t#", exclude_categories=["Cs"]), min_size=1)


def parse(data: bytes, process: dict[str, str] | None = None) -> tuple[dict[str, str], list[str]]:
    problems: list[Problem] = []
    found = envfile.parse(data, PATH, process or {}, problems)
    return {name: entry.value for name, entry in found.items()}, [str(problem) for problem in problems]


# What `docker create --env-file` and `docker inspect` gave for these lines, with CLIs 20.10.24 and 28.2.2.
@pytest.mark.parametrize(
    ("line", "variables"),
    [
        (b"\xef\xbb\xbf  A=1", {"A": "1"}),
        (b"\xc2\xa0NB=2 ", {"NB": "2 "}),
        (b"\x1cFS=3", {"\x1cFS": "3"}),
        (b"\xc2\x85NEL=1", {"NEL": "1"}),
        (b"\xe2\x80\xa8LS=1", {"LS": "1"}),
        (b'Q="x"', {"Q": '"x"'}),
        (b"Q='y'", {"Q": "'y'"}),
        (b"E=", {"E": ""}),
        (b" A\x1fB=1", {"A\x1fB": "1"}),
        (b"\xc3\xa4=1", {"ä": "1"}),
        (b"Z=\\r\r\r", {"Z": "\\r\r"}),
        (b" \r", {}),
        (b"#x", {}),
        (b"  # x=1", {}),
        (b"F=a # b", {"F": "a # b"}),
        (b"X==${HOME}$${", {"X": "=${HOME}$${"}),
        (b"ONLY", {"ONLY": " v "}),
        (b"ONLY\r", {"ONLY": " v "}),
        (b"ABSENT", {}),
        (b"ONLY\xc2\xa0", {}),
    ],
)
def test_a_line_is_what_docker_makes_of_it(line: bytes, variables: dict[str, str]) -> None:
    assert parse(line + b"\n", {"ONLY": " v "}) == (variables, [])
    assert parse(line, {"ONLY": " v "}) == (variables, [])


def test_a_byte_order_mark_is_dropped_at_the_start_only() -> None:
    assert parse(b"\xef\xbb\xbfA=1\n\xef\xbb\xbfB=2\n")[0] == {"A": "1", "\ufeffB": "2"}


def test_the_last_line_of_a_name_wins() -> None:
    problems: list[Problem] = []
    found = envfile.parse(b"A=1\nB=2\nA=3\n", PATH, {}, problems)
    assert (found["A"].value, str(found["A"].origin), problems) == ("3", "apps/.env.docker:3", [])


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"=3", "this line has no name before `=`; write NAME=value."),
        (b"B = 4", "this line's name holds white space; write NAME=value without any around the name."),
        (b"export B=4", "this line's name holds white space; write NAME=value without any around the name."),
        (b"ONLY ", "this line's name holds white space; write NAME=value without any around the name."),
        (b"B=\xff", "this line is not UTF-8; save the file as UTF-8."),
        (b"B=\0", "this line holds a NUL character, which no environment variable can; remove it."),
        (b"BAD", "BAD is not UTF-8 in the process environment."),
    ],
)
def test_a_bad_line_is_told_and_the_others_are_read(line: bytes, problem: str) -> None:
    process = {"BAD": "\udcff", "ONLY": "v"}
    assert parse(b"A=1\n" + line + b"\nC=3\n", process) == ({"A": "1", "C": "3"}, [f"apps/.env.docker:2: {problem}"])


def test_a_line_is_as_long_as_docker_takes_it() -> None:
    assert parse(b"A=" + b"x" * 65533 + b"\nB=1") == ({"A": "x" * 65533, "B": "1"}, [])
    assert parse(b"A=" + b"x" * 65534 + b"\nB=1") == (
        {"B": "1"},
        ["apps/.env.docker:1: this line has 65536 bytes; Docker reads at most 65535."],
    )


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAME.filter(lambda name: name.lstrip(envfile.SPACE + "\ufeff") == name), VALUE, max_size=4))
def test_every_value_comes_back_byte_for_byte(variables: dict[str, str]) -> None:
    kept = {name: value for name, value in variables.items() if not value.endswith("\r")}
    data = "".join(f"{name}={value}\n" for name, value in kept.items()).encode()
    assert parse(data) == (kept, [])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40))
def test_any_line_comes_back_as_docker_would_read_it(line: bytes) -> None:
    line = line.replace(b"\n", b"").removeprefix(envfile.BOM)
    found, problems = parse(line)
    white = "[\t\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
    try:
        text = line.decode()
    except UnicodeDecodeError:
        assert problems
        return
    docker = re.fullmatch(rf"{white}(?P<name>[^\0 \t=#\r][^\0 \t=]*)=(?P<value>[^\0]*?)\r?", text, re.DOTALL)
    silent = re.fullmatch(rf"{white}(#[^\0]*|[^\0 \t=]*)", text, re.DOTALL)
    if docker:
        assert (found, problems) == ({docker["name"]: docker["value"]}, [])
    else:
        assert (found, bool(problems)) == ({}, not silent)
