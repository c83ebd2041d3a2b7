"""What a builder says while it works: BuildKit's plain output read, and shown live or as lines."""

from __future__ import annotations

import re
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..errors import DockyardError
from .explanation import explained

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

LINE = re.compile(r"#(?P<number>\d+) (?P<rest>.*)")
OUTPUT = re.compile(r"\d+\.\d+ (?P<text>.*)")
KEPT = 20  # lines of a step, shown if it fails
SHOWN = 4  # lines under the current step on a terminal
CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
NOISE = re.compile(r"(#\d+ (sha256:[0-9a-f]{64}|DONE 0\.0s|transferring .*))?\s*")


@dataclass
class Step:
    """One step of a build: its name, its last lines, and the error that ended it."""

    name: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))
    error: str = ""
    cached: bool = False


@dataclass
class Progress:
    """The state of a build, line by line of `--progress plain`."""

    steps: dict[str, Step] = field(default_factory=dict)
    current: Step | None = None
    last: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))

    def feed(self, line: str) -> None:
        """Take one line. BuildKit's begin with `#5 `: name, `0.2 output`, `DONE 1.2s`, `CACHED`, `ERROR: why`."""
        if not line.strip():
            return
        found = LINE.fullmatch(line)
        if not found:
            self.last.append(line)
            return
        rest = found["rest"]
        step = self.steps.setdefault(found["number"], Step(rest))
        self.current = step
        if rest.startswith("ERROR"):
            step.error = rest.removeprefix("ERROR").lstrip(": ")
        elif rest.startswith("CACHED"):
            step.cached = True
        elif output := OUTPUT.fullmatch(rest):
            step.lines.append(output["text"])

    @property
    def failed(self) -> Step | None:
        """The step that failed, if one did. One that was cancelled because of it has no error."""
        errors = [step for step in self.steps.values() if step.error and "context canceled" not in step.error]
        return errors[0] if errors else None

    @property
    def cached(self) -> int:
        """How many steps came out of the cache."""
        return sum(step.cached for step in self.steps.values())


def failure(progress: Progress, dockerfile: Path, why: str) -> DockyardError:
    """What to say of a failed build, and its `--json`: the step's name, its last lines, then a sentence.

    `why` is said where no step says more. A known failure is explained.
    """
    step = progress.failed
    lines = [CONTROL.sub("", line) for line in (step.lines if step and step.lines else progress.last)]
    name = step.name if step else dockerfile.name
    why = step.error if step else next(reversed(progress.last), why)
    shown = "".join(f"  {line}\n" for line in lines)
    known = explained([*lines, why], dockerfile)
    mend = f". {known}" if known else "; mend it and type the command again."
    return DockyardError(
        f"{name}\n{shown}The build of {dockerfile} failed in this step: {why}{mend}",
        {"step": name, "lines": lines},
    )


class View:
    """Shows a progress on standard error: one live line with the latest output on a terminal, else every line."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.started = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(stderr=True), get_renderable=self.picture, refresh_per_second=8, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def line(self, line: str, shown: str | None = None) -> None:
        """Take a line, and show it (or `shown`) where nothing is live, unless it is BuildKit talking to itself."""
        self.progress.feed(line)
        step = self.progress.current
        internal = step is not None and step.name.startswith("[internal]") and line.startswith("#")
        if not self._live and not internal and not NOISE.fullmatch(line):
            print(line if shown is None else shown, file=sys.stderr, flush=True)

    def picture(self) -> Text:
        """What a terminal shows: the current step, the time since the start, and the step's latest lines."""
        from rich.text import Text

        step = self.progress.current
        name = step.name if step else "starting"
        lines = list(step.lines)[-SHOWN:] if step else []
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{time.monotonic() - self.started:6.1f}s ", style="cyan").append(CONTROL.sub("", name))
        for each in lines:
            text.append(f"\n        {CONTROL.sub('', each)}", style="dim")
        return text
