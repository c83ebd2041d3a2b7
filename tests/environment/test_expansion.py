"""`${NAME}` takes another key, else the process environment, else its default."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.environment.expansion import expand, substitute
from tasks.environment.problems import Entry, Origin, Problem

PATH = Path("env/local.env")


def expanded(process: dict[str, str] | None = None, /, **values: str) -> tuple[dict[str, str], list[str]]:
    problems: list[Problem] = []
    entries = {key: Entry(key, value, Origin(PATH, line)) for line, (key, value) in enumerate(values.items(), 1)}
    found = expand(entries, process or {}, problems)
    return {key: entry.value for key, entry in found.items()}, [str(problem) for problem in problems]


def test_another_key_wins_over_the_process_environment() -> None:
    assert expanded({"REGION": "process", "USER": "me"}, IMAGE="${REGION}/${USER}", REGION="files") == (
        {"IMAGE": "files/me", "REGION": "files"},
        [],
    )


def test_nothing_else_leaks_in_from_the_process_environment() -> None:
    assert expanded({"MEMORY": "1Gi", "HOME": "/home/me"}, CPU="$HOME ~ $MEMORY") == ({"CPU": "$HOME ~ $MEMORY"}, [])


def test_keys_are_expanded_through_keys_wherever_they_stand() -> None:
    assert expanded(A="${B}!", B="${C}${C}", C="x")[0] == {"A": "xx!", "B": "xx", "C": "x"}


def test_a_key_that_names_itself_takes_the_process_environment() -> None:
    assert expanded({"BUILD_NUMBER": "201"}, BUILD_NUMBER="${BUILD_NUMBER:-1}")[0] == {"BUILD_NUMBER": "201"}
    assert expanded(BUILD_NUMBER="${BUILD_NUMBER}") == (
        {},
        [
            "env/local.env:1: BUILD_NUMBER takes ${BUILD_NUMBER}, which the process environment has not; "
            "set it, or write ${BUILD_NUMBER:-default}."
        ],
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A:-b}", "b"),
        ("${A:-}", ""),
        ("${EMPTY:-b}", "b"),
        ("${EMPTY}", ""),
        ("${SET:-b}", "s"),
        ("${A:-${SET}}", "s"),
        ("${A:-${B:-c}d}e", "cde"),
        ("${A:-a:-b}", "a:-b"),
        ("$${A}", "${A}"),
        ("$$${SET}", "$${SET}"),
        ("$SET $$ $ {SET} }", "$SET $$ $ {SET} }"),
        ("${A:-$${B}}", "${B}"),
    ],
)
def test_defaults_and_escapes(text: str, result: str) -> None:
    # `${A:-$${B}}`: the default ends at the first brace that closes, and the second one follows it
    values, problems = expanded(X=text, SET="s", EMPTY="")
    assert (values["X"], problems) == (result, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "${A}",
            "X takes ${A}, which neither these files nor the process environment has; set it, or write ${A:-default}.",
        ),
        ("a${A", "X holds a `${` that is not closed; write $${ for a literal ${."),
        ("${A:?no}", "X holds a `${` that is neither ${NAME} nor ${NAME:-default}; write $${ for a literal ${."),
        ("${}", "X holds a `${` that is neither ${NAME} nor ${NAME:-default}; write $${ for a literal ${."),
        ("${a b}", "X holds a `${` that is neither ${NAME} nor ${NAME:-default}; write $${ for a literal ${."),
    ],
)
def test_a_reference_to_nothing_is_told(text: str, problem: str) -> None:
    assert expanded(W="w", X=text) == ({"W": "w"}, [f"env/local.env:2: {problem}"])


def test_a_circle_is_told_once() -> None:
    assert expanded(A="${B}", B="${C}", C="${A}", D="${A}") == (
        {},
        ["env/local.env:3: C needs itself (A -> B -> C -> A); break the circle."],
    )


def test_a_value_of_the_process_that_is_not_utf8_is_told() -> None:
    assert expanded({"A": "\udcff"}, X="${A}")[1] == [
        "env/local.env:1: X takes ${A}, which is not UTF-8 in the process environment; write $${ for a literal ${."
    ]


def test_a_literal_value_is_not_expanded_but_can_be_taken() -> None:
    entries = {
        "A": Entry("A", "${B}", Origin(PATH, 1), literal=True),
        "B": Entry("B", "<${A}>", Origin(PATH, 2)),
    }
    assert {key: entry.value for key, entry in expand(entries, {}, []).items()} == {"A": "${B}", "B": "<${B}>"}


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("${}:-AB \\'é"), max_size=20))
def test_escaping_keeps_any_text(text: str) -> None:
    assert substitute(text.replace("${", "$${"), lambda name: None) == text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20).filter(lambda text: "${" not in text and not text.endswith("$")))
def test_what_is_taken_is_not_expanded_again(taken: str, around: str) -> None:
    assert substitute(f"{around}${{A}}{around}", dict[str, str | None](A=taken).get) == f"{around}{taken}{around}"
