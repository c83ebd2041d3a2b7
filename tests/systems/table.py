"""docs/systems.md as rows, and what each says of verbs, settings, files and tests.

In the third column a command is `inv VERB`, perhaps behind variables of the process; any other code is a setting or a
text, and the file in brackets behind it (or several) is where that stands: of the example, else of the repository.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
EXAMPLES = REPOSITORY / "examples"
PAGE = REPOSITORY / "docs" / "systems.md"
HEAD = ["system", "step or rule", "verb and setting", "shown by"]
OTHERS = "not Dockyard's: "

_PART = re.compile(r"`([^`]+)`|\(([\w./-]+(?:, [\w./-]+)*)\)")


@dataclass(frozen=True)
class Command:
    """`BUILDER=cloudbuild inv release.prod`: variables of the process, and the words behind `inv`."""

    variables: dict[str, str]
    words: list[str]


@dataclass(frozen=True)
class Said:
    """A setting or another text, and the file that it stands in; "" where none is named."""

    text: str
    file: str = ""


@dataclass(frozen=True)
class Row:
    """One rule of one system, what carries it, and the tests that show it."""

    line: int
    system: str
    rule: str
    carrier: str
    tests: tuple[str, ...]

    @property
    def id(self) -> str:
        """System and rule as pytest shows them."""
        return re.sub(r"\W+", "-", f"{self.system} {self.rule}").strip("-")

    @property
    def commands(self) -> list[Command]:
        """What is typed."""
        return [command(code) for code in codes(self.carrier) if is_command(code)]

    @property
    def said(self) -> list[Said]:
        """Settings and other texts, each with the file that is named behind it."""
        found: list[Said] = []
        open_ended = 0
        for part in _PART.finditer(self.carrier):
            if part[2]:
                files = part[2].split(", ")
                found[open_ended:] = [Said(each.text, file) for each in found[open_ended:] for file in files]
                open_ended = len(found)
            elif not is_command(part[1]):
                found.append(Said(part[1]))
        return found


def codes(text: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", text)


def is_command(code: str) -> bool:
    """Whether a piece of code is a command line of Invoke."""
    return re.match(r"([A-Z_]+=\S+ )*inv ", code) is not None


def command(code: str) -> Command:
    """A command line in parts."""
    words = shlex.split(code)
    at = words.index("inv")
    return Command(dict(word.split("=", 1) for word in words[:at]), words[at + 1 :])


def rows() -> list[Row]:
    """Every row of the page, in its order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [(number, [cell.strip() for cell in line.strip("|").split(" | ")])
             for number, line in enumerate(lines, 1) if line.startswith("|")]  # fmt: skip
    assert [each for _, each in cells[:2]] == [HEAD, ["---"] * 4]
    for number, each in cells:
        assert len(each) == len(HEAD), f"{PAGE.name}:{number} has {len(each)} columns"
    return [Row(number, each[0], each[1], each[2], tuple(codes(each[3]))) for number, each in cells[2:]]
