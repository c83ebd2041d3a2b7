"""What a Dockerfile builds on: its stages, and the images that they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ESCAPE = re.compile(r"^#\s*escape\s*=\s*([\\`])\s*$", re.IGNORECASE)
FROM = re.compile(
    r"FROM\s+(?:--platform=(?P<platform>\S+)\s+)?(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.IGNORECASE
)
ARG = re.compile(r"ARG\s+(?P<assigned>.+)", re.IGNORECASE)
OTHER = re.compile(r"(?:^COPY\s.*?--from=|--mount=\S*?\bfrom=)(?P<image>[^\s,]+)", re.IGNORECASE)
REMOTE = re.compile(r"ADD\s(?!.*--checksum=).*(?:https?://|git://|git@)", re.IGNORECASE)
HEREDOC = re.compile(r"(?<!\S)\d*<<-?([\"']?)(?P<end>\w+)\1")  # not `$((1<<4))`, not `<<<`
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<plain>\w+))")


@dataclass(frozen=True)
class Stage:
    """One `FROM`. `platform` is what `--platform=` says, `line` counts from 1."""

    name: str
    base: str
    platform: str
    line: int


@dataclass(frozen=True)
class Dockerfile:
    """The stages in order, and the other images that files are taken from; variables are replaced where known.

    `remote` says that it adds something from the network, which may be another thing tomorrow.
    """

    stages: tuple[Stage, ...]
    others: tuple[str, ...] = ()
    remote: bool = False

    def final(self, target: str = "") -> Stage | None:
        """The stage that is built, with the base and platform of the external image under it."""
        stage = next((each for each in self.stages if target and each.name.lower() == target.lower()), None)
        stage = stage or (self.stages[-1] if self.stages else None)
        while stage and not stage.platform:
            below = self._before(stage.base, stage.line)
            if below is None:
                break
            stage = below
        return stage

    @property
    def images(self) -> tuple[str, ...]:
        """Every image from outside, once, in order: `$` in one means that its name is not known."""
        bases = [each.base for each in self.stages if not self._before(each.base, each.line)]
        others = [
            each
            for each in self.others
            if not each.isdigit() and not self._before(each, len(self.stages) and self.stages[-1].line + 1)
        ]
        return tuple(dict.fromkeys(each for each in (*bases, *others) if each != "scratch"))

    def _before(self, name: str, line: int) -> Stage | None:
        return next((each for each in self.stages if each.name.lower() == name.lower() and each.line < line), None)


def parse(text: str, given: Mapping[str, str]) -> Dockerfile:
    """Read a Dockerfile; `given` are the build args, which win over the defaults of `ARG` before the first `FROM`."""
    known: dict[str, str] = {}
    stages: list[Stage] = []
    others: list[str] = []
    remote = False
    for number, line in instructions(text):
        if found := FROM.fullmatch(line):
            platform, base = (replaced(found[part] or "", known) for part in ("platform", "base"))
            stages.append(Stage(found["name"] or "", base, platform, number))
        elif not stages and (found := ARG.fullmatch(line)):
            name, _, default = found["assigned"].strip().partition("=")
            known[name] = given.get(name, replaced(default.strip("\"'"), known))
        else:
            others += [replaced(each["image"], known) for each in OTHER.finditer(line)]
            remote = remote or REMOTE.match(line) is not None
    return Dockerfile(tuple(stages), tuple(others), remote)


@dataclass(frozen=True)
class Instruction:
    """One instruction as it is written. `lines` are its own, numbered, with what its heredocs hold, without comments.

    `text` is all of it on one line, without heredocs; `above` the comments on the lines directly before it.
    """

    line: int
    text: str
    lines: tuple[tuple[int, str], ...]
    above: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What it is, in capitals: FROM, RUN."""
        return self.text.split(None, 1)[0].upper()

    @property
    def rest(self) -> str:
        """What follows that word."""
        return self.text[len(self.word) :].strip()


def instructions(text: str) -> list[tuple[int, str]]:
    """The instructions, continued lines joined, each with the number of its first line.

    Comments are left out, and so is what a heredoc holds.
    """
    return [(each.line, each.text) for each in written(text)]


def written(text: str) -> list[Instruction]:
    """The instructions with all of their lines, and the comments above them."""
    lines = text.splitlines()
    escape = "\\"
    if lines and (found := ESCAPE.match(lines[0])):
        escape = found[1]
    made: list[Instruction] = []
    above: list[str] = []
    own: list[tuple[int, str]] = []
    joined = ""
    ends: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        bare = line.strip()
        last = number > len(lines)
        if ends and not last:
            own.append((number, line))
            ends = ends[1:] if bare == ends[0] else ends
        elif not bare and not last:
            above = above if own else []
            continue
        elif bare.startswith("#"):
            if not own:
                above.append(bare)
            continue
        elif not last:
            own.append((number, line))
            joined += f"{bare.removesuffix(escape)} " if bare.endswith(escape) else bare
            if bare.endswith(escape):
                continue
            if re.match(r"(RUN|COPY|ADD)\s", joined, re.IGNORECASE):
                ends = [found["end"] for found in HEREDOC.finditer(joined)]
        if own and joined.strip() and (last or not ends):
            made.append(Instruction(own[0][0], joined.strip() if last else joined, tuple(own), tuple(above)))
            above, own, joined = [], [], ""
    return made


def replaced(text: str, known: Mapping[str, str]) -> str:
    """Text with `$NAME`, `${NAME}` and `${NAME:-default}` replaced; an unknown one stays as it is."""

    def value(found: re.Match[str]) -> str:
        name = found["braced"] or found["plain"]
        default = found["default"]
        return known.get(name) or (default if default is not None else found[0])

    return VARIABLE.sub(value, text)
