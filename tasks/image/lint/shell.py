"""The commands of a RUN, as far as rules look into them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from ..dockerfile import Instruction
from .stages import split

ESCAPE = "\\"
BETWEEN = re.compile(r"&&|\|\||[;|\n]")
FLAG = re.compile(r"--(?:mount|network|security)=\S+\s*")
WRAPPED = re.compile(r"^(?:then|else|do|if|while|!|\{|\(|exec|sudo|env|command|time|set)\s+")
SETTING = re.compile(r"^\w+=\S*$")


@dataclass(frozen=True)
class Command:
    """One command: its words without leading assignments, and its line."""

    line: int
    words: tuple[str, ...]

    def runs(self, *programs: str) -> bool:
        """Whether it is one of some programs, wherever it lies: pip, pip3, /opt/venv/bin/pip."""
        return bool(self.words) and re.sub(r"[\d.]+$", "", self.words[0].rpartition("/")[2]) in programs

    def has(self, *words: str) -> bool:
        """Whether it has one of some words."""
        return any(word in self.words for word in words)


def commands(run: Instruction) -> list[Command]:
    """The commands of one RUN, heredocs included; nested ones (`sh -c '…'`) are not looked into."""
    held, starts, numbers = "", [0], [run.line]
    for number, line in run.lines:
        bare = line.strip()
        if bare.startswith("#"):
            continue
        starts, numbers = [*starts, len(held)], [*numbers, number]
        if number == run.line:
            bare = bare[len(run.word) :]
        held += f"{bare.removesuffix(ESCAPE)} " if bare.endswith(ESCAPE) else f"{bare}\n"
    found: list[Command] = []
    at = 0
    for part in BETWEEN.split(held):
        begins = at + len(part) - len(part.lstrip())
        if part.strip():
            found.append(Command(numbers[bisect_right(starts, begins) - 1], words(part)))
        at += len(part) + (2 if held[at + len(part) : at + len(part) + 2] in ("&&", "||") else 1)
    return found


def words(command: str) -> tuple[str, ...]:
    """A command's words, from its program on."""
    text = FLAG.sub("", command).strip()
    while found := WRAPPED.match(text):
        text = text[found.end() :]
    every = split(text)
    while every and SETTING.match(every[0]):
        every = every[1:]
    return tuple(every)
