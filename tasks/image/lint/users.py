"""Rules about whom a container runs as."""

from __future__ import annotations

from collections.abc import Iterator

from ..dockerfile import replaced
from .finding import Finding
from .stages import Stage, chain

MEND = "write USER 1000:1000 before CMD, and make that user own what it writes to"


def root(built: Stage | None) -> Iterator[Finding]:
    """A final stage that runs as root: by its last USER, by that of a stage below it, or for want of one."""
    stages = chain(built)
    users = [(stage, each) for stage in stages for each in reversed(stage.all("USER"))]
    if not users:
        below = stages[-1].base if stages else ""
        if stages and "nonroot" not in below and "rootless" not in below:
            yield Finding(stages[0].line, "no-user", "error", "no USER: the container runs as root", MEND)
        return
    stage, last = users[0]
    if replaced(last.rest, stage.known).split(":")[0].strip() in ("root", "0"):
        yield Finding(last.line, "root", "error", f"USER {last.rest} is what the container runs as", MEND)
