"""Why a container does not run, in words: its stop reason, its exit code, its last lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

KILLED = 137  # the exit code after a SIGKILL
SIGNALS = {KILLED: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM", 134: "SIGABRT"}
HINTS = (  # what a reason or a line looks like -> what to say
    (r"(?i)exec format error", "the image is for another processor: see PLATFORM"),
    (
        r"executable file not found|tini.* failed: No such file",
        "the image has no such command: see its CMD, or PROCESS_*",
    ),
    (r"(?i)read-only file system", "READ_ONLY=true: give it a writable place with TMPFS"),
    (r"No space left on device", "the disk of the engine, or a TMPFS with a size, is full"),
    (r"(?i)address already in use", "two processes of the container want the same port: see PORT"),
)


def stopped(state: Mapping[str, Any], memory: str) -> str:
    """How a container ended: `exited with code 3 after 0.4 s`. `memory` is the setting's text."""
    code = int(state.get("ExitCode", 0))
    killed = f"killed for taking more memory than MEMORY={memory or '(unset)'}"
    if state.get("OOMKilled") and code == KILLED:
        return f"was {killed} (exit code {code})"
    if state.get("OOMKilled"):
        return f"exited with code {code}{lasted(state)}, after a process of it was {killed}"
    named = f" ({SIGNALS[code]})" if code in SIGNALS else ""
    error = f": {state['Error']}" if state.get("Error") else ""
    return f"exited with code {code}{named}{lasted(state)}{error}"


def lasted(state: Mapping[str, Any]) -> str:
    """How long it ran, where the engine knows."""
    try:
        begin, end = (datetime.fromisoformat(str(state[key])[:26].rstrip("Z")) for key in ("StartedAt", "FinishedAt"))
    except (KeyError, ValueError):
        return ""
    seconds = (end - begin).total_seconds()
    return f" after {seconds:.1f} s" if seconds >= 0 else ""


def failure(name: str, reason: str, lines: Sequence[str]) -> str:
    """The whole text: one sentence, a hint where the log is known, and the last lines."""
    text = "\n".join(lines)
    hint = next((f" ({words})" for sign, words in HINTS if re.search(sign, f"{reason}\n{text}")), "")
    said = f" Its last lines:\n{text}\n" if lines else " It wrote nothing."
    return f"{name} {reason}{hint}.{said}"
