"""Env files: which line says what, and that any text comes back as it was quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.environment import files
from tasks.environment.expansion import expand
from tasks.environment.problems import Entry, Origin, Problem
from tasks.errors import SettingError

PATH = Path("env/local.env")
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def parse(data: str | bytes) -> tuple[dict[str, Entry], list[str]]:
    problems: list[Problem] = []
    entries = files.parse(data if isinstance(data, bytes) else data.encode(), PATH, problems)
    return entries, [str(problem) for problem in problems]


def single(text: str) -> str:
    """A text in single quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def double(text: str) -> str:
    """A text in double quotes that is not expanded."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    return f'"{escaped}"'


def test_every_key_has_its_line() -> None:
    entries, problems = parse("\n# a comment\nA=1\n\nexport B='two\nlines'\nC = \"3\" # three\r\n\r\nD=\n'E'=5\n")
    assert problems == []
    assert list(entries.values()) == [
        Entry("A", "1", Origin(PATH, 3)),
        Entry("B", "two\nlines", Origin(PATH, 5), literal=True),
        Entry("C", "3", Origin(PATH, 7)),
        Entry("D", "", Origin(PATH, 9)),
        Entry("E", "5", Origin(PATH, 10)),
    ]


def test_a_byte_order_mark_is_no_part_of_a_key() -> None:
    assert list(parse(b"\xef\xbb\xbfA=1\n")[0]) == ["A"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("A=1\nB\n", "env/local.env:2: this line has no `=`; write KEY=value."),
        ("A=1\n\nB C\n", "env/local.env:3: this line does not parse; write KEY=value, or KEY='any text'."),
        ("A='x' y\n", "env/local.env:1: this line does not parse; write KEY=value, or KEY='any text'."),
        ("A=1\n=2\n", "env/local.env:2: this line does not parse; write KEY=value, or KEY='any text'."),
        ("A=1\nB=2\nA=3\n", "env/local.env:3: A is already set in line 1; remove one of the two."),
        (b"A=1\r\nB=\xff\n", "env/local.env:2: this line is not UTF-8; save the file as UTF-8."),
        (
            "A=1\nB='\n\0'\n",
            "env/local.env:3: this line holds a NUL character, which no environment variable can; remove it.",
        ),
    ],
)
def test_a_bad_line_is_told_with_its_number(data: str | bytes, problem: str) -> None:
    assert parse(data)[1] == [problem]


def test_lines_after_a_bad_one_are_still_read() -> None:
    entries, problems = parse("A B\nC=1\nD E\n")
    assert list(entries) == ["C"]
    assert [problem.partition(": ")[0] for problem in problems] == ["env/local.env:1", "env/local.env:3"]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_after_a_quote_that_is_not_closed_no_line_is_taken_for_a_key(quote: str) -> None:
    entries, problems = parse(f"A=1\nB={quote}-----BEGIN\nMIIEabc=\n")
    assert list(entries) == ["A"]
    assert problems == ["env/local.env:2: a quote is opened and not closed; the rest of the file was not read."]


def test_later_files_are_read_over_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    for name, text in (("common", "A=1\nB=1\nC=1\n"), ("local", "B=2\nC=2\n"), ("local.local", "C=3\n")):
        (tmp_path / "env" / f"{name}.env").write_text(text)
    problems: list[Problem] = []
    merged = files.merged(tmp_path, "local", problems)
    assert {key: f"{entry.value} {entry.origin}" for key, entry in merged.items()} == {
        "A": "1 env/common.env:1",
        "B": "2 env/local.env:1",
        "C": "3 env/local.local.env:1",
    }
    assert problems == []


def test_an_environment_without_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as failure:
        files.merged(tmp_path, "prod", [])
    assert failure.value.message == "env/prod.env cannot be read: No such file or directory."


def test_an_entry_is_not_printed_with_its_value() -> None:
    assert "hunter2" not in repr(Entry("ENV_DB_PASSWORD", "hunter2", Origin(PATH, 1)))


@settings(max_examples=60, deadline=None)
@given(TEXT)
@example("${HOME} $${HOME} \\ \\' '\"\r\n\r \x85  # no comment \\")
def test_single_quotes_keep_any_text(text: str) -> None:
    entries, problems = parse(f"A={single(text)}\nHOME='elsewhere'\n")
    assert problems == []
    expanded: list[Problem] = []
    assert expand(entries, {}, expanded)["A"].value == text
    assert expanded == []


@settings(max_examples=60, deadline=None)
@given(TEXT)
@example("${HOME} $${HOME} \\ \\' '\"\r\n\r \x85  # no comment \\")
def test_double_quotes_keep_any_text_that_escapes_its_references(text: str) -> None:
    entries, problems = parse(f"A={double(text)}\nHOME='elsewhere'\n")
    assert problems == []
    assert expand(entries, {}, [])["A"].value == text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_are_a_traceback(data: bytes) -> None:
    entries, problems = parse(data)
    assert entries or problems or not data.decode().removeprefix("\ufeff").strip() or "#" in data.decode()
