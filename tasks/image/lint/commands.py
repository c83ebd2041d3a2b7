"""Rules about what a container runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .finding import Finding
from .stages import Stage, listed

SHELL = re.compile(r"(?:/usr)?(?:/bin/)?(?:sh|bash|dash|ash)")


def shell_form(every: list[Stage]) -> Iterator[Finding]:
    """CMD or ENTRYPOINT under a shell, which keeps SIGTERM from the program: it is killed after the grace period."""
    for stage in every[1:]:
        for each in stage.all("CMD", "ENTRYPOINT"):
            argv = listed(each.rest)
            under = each.rest if argv is None else script(argv)
            if under and not re.search(r"(^|[;&\s])exec\s", under):
                text = f"{each.word} runs under a shell, which passes no SIGTERM on: each stop waits, then kills"
                mend = f'write {each.word} ["program", "argument"], or begin the command with exec'
                yield Finding(each.line, "shell-form", "warning", text, mend)


def script(argv: list[str]) -> str:
    """What a shell of an exec form runs: the last word of `["sh", "-c", "…"]`."""
    if len(argv) > 2 and SHELL.fullmatch(argv[0]) and argv[1].startswith("-") and "c" in argv[1]:
        return argv[2]
    return ""
