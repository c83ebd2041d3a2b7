"""ENV_FILE by the rules of Docker's `--env-file` (docker/cli, pkg/kvfile), tried against the CLIs 20.10 and 28.2.

Nothing is unquoted, expanded or trimmed at the end: what stands after the first `=` reaches the container.
Beyond Docker, a NUL is refused, and every bad line is told, not only the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .problems import Entry, Origin, Problem

BOM = b"\xef\xbb\xbf"
LONGEST = 65535  # bytes of a line: one more is "token too long" to Docker
# Go's unicode.IsSpace; Python's str.lstrip() takes U+001C to U+001F as well.
SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


def parse(data: bytes, path: Path, process: Mapping[str, str], problems: list[Problem]) -> dict[str, Entry]:
    """The variables of an ENV_FILE, the last of a name. Bad lines are added to `problems`.

    A line with a NAME alone takes the process environment's value, if there is one.
    """
    variables: dict[str, Entry] = {}
    for number, line in enumerate(data.removeprefix(BOM).split(b"\n"), 1):
        origin = Origin(path, number)
        try:
            entry = variable(line, origin, process)
        except ValueError as error:
            problems.append(Problem(origin, str(error)))
            continue
        if entry:
            variables[entry.key] = entry
    return variables


def variable(line: bytes, origin: Origin, process: Mapping[str, str]) -> Entry | None:
    """The variable that a line sets; None for a comment, a blank line and a NAME that is not set. Raises ValueError."""
    if len(line) > LONGEST:
        raise ValueError(f"this line has {len(line)} bytes; Docker reads at most {LONGEST}.")
    try:
        text = line.removesuffix(b"\r").decode("utf-8").lstrip(SPACE)
    except UnicodeDecodeError:
        raise ValueError("this line is not UTF-8; save the file as UTF-8.") from None
    if "\0" in text:
        raise ValueError("this line holds a NUL character, which no environment variable can; remove it.")
    if not text or text.startswith("#"):
        return None
    name, equals, value = text.partition("=")
    if not name:
        raise ValueError("this line has no name before `=`; write NAME=value.")
    if " " in name or "\t" in name:
        raise ValueError("this line's name holds white space; write NAME=value without any around the name.")
    if equals:
        return Entry(name, value, origin, literal=True)
    if name not in process:
        return None
    try:
        process[name].encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} is not UTF-8 in the process environment.") from None
    return Entry(name, process[name], origin, literal=True)
