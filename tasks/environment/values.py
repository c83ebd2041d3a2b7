"""Types of settings: how each is written in an env file, and what is said when it is not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from . import units

T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """How a setting is written, for the table of settings. `default` is said where the model holds another."""

    text: str
    default: str = ""


@dataclass(frozen=True)
class Written:
    """How the text in an env file becomes a setting's value. `convert` raises ValueError with a sentence."""

    convert: Callable[[str], Any]


def flag(text: str) -> bool:
    """True or false. Raises ValueError."""
    word = text.strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError(f"{text!r} is neither true nor false: write one of them.")


def word(text: str) -> str:
    """A name that goes to other programs: no white space, no leading `-`. Raises ValueError."""
    if re.search(r"\s", text) or text.startswith("-"):
        raise ValueError(f"{text!r} is no name: write it without white space and without a leading `-`.")
    return text


def choice(*allowed: str) -> Callable[[str], str]:
    """One of some words."""

    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is unknown: write {', '.join(allowed[:-1])} or {allowed[-1]}.")
        return text

    return convert


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number within bounds."""
    bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def convert(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= (int(text) if most is None else most):
            raise ValueError(f"{text!r} is out of range: write a whole number {bounds}.")
        return int(text)

    return convert


def positive(convert: Callable[[str], T], example: str) -> Callable[[str], T]:
    """More than nothing."""

    def checked(text: str) -> T:
        number = convert(text)
        if not number:
            raise ValueError(f"{text!r} is nothing: write more, such as {example}.")
        return number

    return checked


def fraction(text: str) -> float:
    """A share of all: `0.01` or `1%`. Raises ValueError."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(%?)", text)
    share = float(found[1]) / (100 if found[2] else 1) if found else 2.0
    if share > 1:
        raise ValueError(f"{text!r} is no share: write 0.01 or 1%.")
    return share


def items(text: str) -> tuple[str, ...]:
    """What commas separate, without the space around it."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


def names(text: str) -> tuple[str, ...]:
    """What commas or white space separate."""
    return tuple(re.split(r"[,\s]+", text.strip(", \t\r\n"))) if text.strip(", \t\r\n") else ()


def each(check: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    """Names of one form, none of them twice."""

    def convert(text: str) -> tuple[str, ...]:
        found = tuple(check(name) for name in names(text))
        twice = next((name for name in found if found.count(name) > 1), "")
        if twice:
            raise ValueError(f"{text!r} names {twice} twice: write it once.")
        return found

    return convert


def command(text: str) -> tuple[str, ...]:
    """A command line as a POSIX shell splits it; no shell will run it. Raises ValueError."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise ValueError(f"{text!r} has a quote or backslash that is not closed: close it.") from None


def percentages(text: str) -> tuple[int, ...]:
    """Steps of traffic: `10,50`, rising, 1 to 99. Raises ValueError."""
    try:
        steps = tuple(whole(1, 99)(step.removesuffix("%")) for step in names(text))
    except ValueError:
        steps = (0, 0)
    if any(first >= second for first, second in pairwise(steps)):
        raise ValueError(f"{text!r} is no canary: write rising percentages from 1 to 99, such as 10,50.")
    return steps


Text = Annotated[str, Kind("text")]
Word = Annotated[str, Written(word), Kind("name")]
Flag = Annotated[bool, Written(flag), Kind("true or false")]
MaybeFlag = Annotated[bool | None, Written(flag), Kind("true or false")]
MaybeSize = Annotated[int | None, Written(positive(units.size, "512Mi")), Kind("size: `512Mi`, `1GB`")]
MaybeCpu = Annotated[float | None, Written(positive(units.cpu, "500m")), Kind("CPUs: `2`, `500m`")]
Wait = Annotated[float, Written(units.duration), Kind("duration: `60s`, `15m`")]
Limit = Annotated[float, Written(positive(units.duration, "60s")), Kind("duration: `60s`, `15m`")]
Count = Annotated[int, Written(whole(1)), Kind("number from 1")]
MaybeCount = Annotated[int | None, Written(whole(1)), Kind("number from 1")]
MaybeZero = Annotated[int | None, Written(whole(0)), Kind("number from 0")]
Names = Annotated[tuple[str, ...], Written(names), Kind("names, by comma or space")]
Items = Annotated[tuple[str, ...], Written(items), Kind("texts, by comma")]
Command = Annotated[tuple[str, ...], Written(command), Kind("command line")]
Percentages = Annotated[tuple[int, ...], Written(percentages), Kind("rising percentages: `10,50`")]
