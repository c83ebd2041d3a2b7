"""Read what the service wrote: all instances, in order of time.

On a terminal what is bad is coloured, where the platform knows how bad a line is; NO_COLOR keeps it plain.
"""

from __future__ import annotations

import os
import sys

from .errors import SettingError
from .target import LogLine, LogQuery
from .verb import Document, Operation, emit, verb

DIGITS = 9  # of --limit; nobody reads more lines
GREY, YELLOW, RED, LOUD = "2", "33", "31", "1;31"  # as terminals know them
COLOURS = {"DEBUG": GREY, "WARNING": YELLOW, "ERROR": RED, "CRITICAL": LOUD, "ALERT": LOUD, "EMERGENCY": LOUD}


@verb(
    default=True,
    help={
        "follow": "go on until Ctrl-C, over releases too",
        "since": "only lines of this last while: 30m, 1h, 2h30m",
        "filter": "only lines that contain this text; on Cloud Run also those of this severity or a worse one, as with "
        "--filter=ERROR; on ECS those that match this CloudWatch filter pattern",
        "limit": "the newest lines, 0 for all (100)",
        "previous": "the revision that served before; on ECS the task that stopped last",
    },
)
def tail(
    op: Operation,
    follow: bool = False,
    since: str = "",
    filter: str = "",
    limit: str = "100",
    previous: bool = False,
) -> Document:
    """Print recent log lines over all replicas; --json gives one object a line."""
    asked = query(follow, since, filter, limit, previous)
    try:
        for line in op.target.logs(asked):
            if op.json:
                emit({"at": line.at, "source": line.source, "text": line.text, "severity": line.severity})
            else:
                op.show(f"{line.at[11:19]} {line.source} | {coloured(line)}")
    except KeyboardInterrupt:
        if not follow:  # else Ctrl-C is how it is ended
            raise
    return {}


def coloured(line: LogLine) -> str:
    """A line's text in the colour of its severity, each of its own lines, where people read it on a terminal."""
    colour = COLOURS.get(line.severity)
    if not colour or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return line.text
    return "\n".join(f"\x1b[{colour}m{each}\x1b[0m" for each in line.text.split("\n"))


def query(follow: bool, since: str, filter: str, limit: str, previous: bool) -> LogQuery:
    """The flags as a query. Raises SettingError for a duration or number that is none."""
    from .environment.units import duration

    if not limit.isdecimal() or len(limit) > DIGITS:
        raise SettingError(f"--limit={limit} is not a number of lines; try --limit=100, or --limit=0 for all.")
    try:
        seconds = duration(since) if since else None
    except (ValueError, OverflowError) as error:
        raise SettingError(f"--since={since}: {error}") from None
    return LogQuery(follow=follow, since=seconds, filter=filter, limit=int(limit), previous=previous)
