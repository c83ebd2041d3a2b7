"""A Dockerfile as rules look at it: stage by stage, each with its instructions and the variables known there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..dockerfile import FROM, Instruction, replaced, written

FLAGS = re.compile(r"(?:--\S+\s+)+")


@dataclass
class Stage:
    """One stage, or what stands before the first one (no `base`). `base` is what is `written`, variables replaced.

    `instructions` begin with its FROM. `known` are the variables at its end.
    """

    name: str = ""
    base: str = ""
    written: str = ""
    instructions: list[Instruction] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    under: Stage | None = None  # the stage that it builds on

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.instructions[0].line

    def all(self, *words: str) -> list[Instruction]:
        """Its instructions of some kinds, in order."""
        return [each for each in self.instructions if each.word in words]


def stages(text: str, args: Mapping[str, str]) -> list[Stage]:
    """All stages in order, after one for what stands before the first FROM."""
    head = Stage()
    made = [head]
    for each in written(text):
        here = made[-1]
        if each.word == "FROM" and (found := FROM.fullmatch(each.text)):
            base = replaced(found["base"], head.known)
            under = next((one for one in made[1:] if one.name and one.name.lower() == base.lower()), None)
            here = Stage(
                found["name"] or "", base, found["base"], under=under, known=dict(under.known) if under else {}
            )
            made.append(here)
        elif each.word == "ARG":
            for name, default in assigned(each.rest):
                value = args.get(name, default if default is not None else head.known.get(name))
                if value is not None:
                    here.known[name] = replaced(value, here.known)
        elif each.word == "ENV":
            here.known |= {name: replaced(value or "", here.known) for name, value in assigned(each.rest)}
        here.instructions.append(each)
    return made


def final(every: list[Stage], target: str) -> Stage | None:
    """The stage that is built: `target`, or the last one."""
    found = [one for one in every[1:] if target and one.name.lower() == target.lower()]
    return found[0] if found else (every[-1] if len(every) > 1 else None)


def chain(stage: Stage | None) -> list[Stage]:
    """A stage and those that it builds on, the nearest first."""
    return [stage, *chain(stage.under)] if stage else []


def assigned(rest: str) -> list[tuple[str, str | None]]:
    """Names and values of ENV or ARG; None for an ARG without a default."""
    words = rest.split(None, 1)
    if len(words) == 2 and "=" not in rest:  # ENV NAME value
        return [(words[0], words[1])]
    pairs = [each.partition("=") for each in split(rest)]
    return [(name, value if equals else None) for name, equals, value in pairs]


def sources(copy: Instruction) -> list[str]:
    """What a COPY or ADD takes out of the context: none with `--from=` or from a heredoc."""
    flags = FLAGS.match(copy.rest)
    rest = copy.rest[flags.end() :] if flags else copy.rest
    if flags and "--from=" in flags[0]:
        return []
    words = listed(rest)
    return [word for word in (split(rest) if words is None else words)[:-1] if not word.startswith("<<")]


def listed(rest: str) -> list[str] | None:
    """The words of an exec form, `["a", "b"]`; None for what is none."""
    try:
        words = json.loads(rest)
    except ValueError:
        return None
    return [str(word) for word in words] if isinstance(words, list) else None


def split(text: str) -> list[str]:
    """Words as a shell reads them; by white space alone where a quote is left open."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
