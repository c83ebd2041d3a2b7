"""Filters of Cloud Logging: what of the query language a careful client sends, refused where it makes no sense.

NOT binds tightest, then OR, then AND, which may be left out. Text is compared without regard to case, regular
expressions with it. A comparison with a field that is not there is false, `!=` too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .logging_fields import Path, compared, everywhere, known, search, single
from .logging_scanner import KEYWORDS, OPERATOR, STRING, WORD, Scanner, Unparseable, unquoted

Entry = Mapping[str, Any]
Match = Callable[[Entry], bool]


@cache
def parse(text: str) -> Match:
    """Whether an entry is meant by a filter. Raises Unparseable."""
    scanner = Scanner(text)
    if scanner.done:
        return lambda entry: True
    found = _conjunction(scanner)
    if not scanner.done:
        raise scanner.wrong()
    return found


def _conjunction(scanner: Scanner) -> Match:
    terms = [_disjunction(scanner)]
    while not scanner.done and not scanner.peek(")"):
        if scanner.keyword("AND") or not scanner.peek(","):
            terms.append(_disjunction(scanner))
        else:
            raise scanner.wrong()
    return lambda entry: all(term(entry) for term in terms)


def _disjunction(scanner: Scanner) -> Match:
    terms = [_negation(scanner)]
    while scanner.keyword("OR"):
        terms.append(_negation(scanner))
    return lambda entry: any(term(entry) for term in terms)


def _negation(scanner: Scanner) -> Match:
    if scanner.keyword("NOT") or scanner.take("-", tight=True):
        inner = _negation(scanner)
        return lambda entry: not inner(entry)
    return _term(scanner)


def _term(scanner: Scanner) -> Match:
    if scanner.take("("):
        inner = _conjunction(scanner)
        scanner.need(")")
        return inner
    path, quoted = _path(scanner)
    if not quoted and scanner.peek("("):
        return _function(path[0], scanner)
    operator = scanner.take(OPERATOR)
    if not operator:
        text = ".".join(path)
        return lambda entry: everywhere(entry, text)
    if quoted:
        raise Unparseable(f"a comparison needs a field on its left side, not the text {path[0]!r}")
    known(path)
    return _values(path, operator, scanner)


def _path(scanner: Scanner) -> tuple[Path, bool]:
    """A field or a text, and whether its first part stands in quotes."""
    quoted = bool(scanner.peek(STRING))
    parts = [_part(scanner)]
    while scanner.take(".", tight=True):
        parts.append(_part(scanner))
    scanner.skip()
    return tuple(parts), quoted


def _part(scanner: Scanner) -> str:
    if string := scanner.take(STRING, tight=True):
        return unquoted(string)
    word = scanner.peek(WORD)
    if not word or word in KEYWORDS:
        raise scanner.wrong()
    return scanner.take(WORD, tight=True)


def _values(path: Path, operator: str, scanner: Scanner) -> Match:
    """The right side: one value, or several with AND, OR and NOT in parentheses."""
    if not scanner.take("("):
        return _compared(path, operator, scanner)
    inner = _alternatives(path, operator, scanner)
    scanner.need(")")
    return inner


def _alternatives(path: Path, operator: str, scanner: Scanner) -> Match:
    every: list[Match] = []
    while True:
        some = [_alternative(path, operator, scanner)]
        while scanner.keyword("OR"):
            some.append(_alternative(path, operator, scanner))
        every.append(lambda entry, some=some: any(each(entry) for each in some))  # type: ignore[misc]
        if not scanner.keyword("AND") and scanner.peek(")"):
            return lambda entry: all(each(entry) for each in every)


def _alternative(path: Path, operator: str, scanner: Scanner) -> Match:
    if scanner.keyword("NOT"):
        inner = _alternative(path, operator, scanner)
        return lambda entry: not inner(entry)
    return _values(path, operator, scanner)


def _compared(path: Path, operator: str, scanner: Scanner) -> Match:
    sign = scanner.take("-", tight=True)
    parts, quoted = _path(scanner)
    value = sign + ".".join(parts)
    if operator in ("=~", "!~"):
        return _regular(path, operator, value)
    if operator == ":" and value == "*" and not quoted:
        return lambda entry: bool(single(entry, path))
    holds = compared(path, operator, value)
    return lambda entry: any(holds(found) for found in single(entry, path))


def _regular(path: Path, operator: str, value: str) -> Match:
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise Unparseable(f"invalid regular expression {value!r}: {error}") from None
    wanted = operator == "=~"
    return lambda entry: any(bool(pattern.search(str(found))) is wanted for found in single(entry, path))


def _function(name: str, scanner: Scanner) -> Match:
    given: list[str] = []
    scanner.need("(")
    while not scanner.take(")"):
        given.append(".".join(_path(scanner)[0]))
        if not scanner.take(",") and not scanner.peek(")"):
            raise scanner.wrong()
    if name == "SEARCH" and len(given) in (1, 2):
        path = tuple(given[0].split(".")) if len(given) == 2 else ()
        known(path)
        return search(path, given[-1])
    if name == "log_id" and len(given) == 1:
        ending = "/logs/" + given[0].replace("/", "%2F")
        return lambda entry: str(entry.get("logName", "")).endswith(ending)
    raise Unparseable(f"unsupported function {name} of {len(given)} arguments")
