"""The images of a build, on their way to the registry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .build_steps import Worker
from .errors import Failed

if TYPE_CHECKING:
    from .build_running import Running

DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
DENIED = re.compile(r"denied|unauthorized|authentication required", re.IGNORECASE)


def push(running: Running, worker: Worker) -> None:
    """Push the images, and tell their digests."""
    images = []
    for name in running.document.get("images", []):
        local, began = running.builds.mirrored(name), running.now()
        if worker.quietly("image", "inspect", local).returncode:
            detail = f'failed to find one or more images after execution of build steps: ["{name}"]'
            raise Failed("FAILURE", detail, "PUSH_IMAGE_NOT_FOUND")
        lines: list[str] = []
        running.log.line(f"Pushing {name}")

        def line(text: str, lines: list[str] = lines) -> None:
            lines.append(text)
            running.log.line(running.builds.unmirrored(text))

        code = worker.process([worker.cli, "push", local], worker.environ, worker.workspace, line, worker.ends)
        found = DIGEST.search("\n".join(lines))
        if code or not found:
            kind = "PUSH_NOT_AUTHORIZED" if DENIED.search("\n".join(lines)) else "PUSH_FAILED"
            raise Failed("FAILURE", f"failed to push {name}: {' '.join(lines[-1:])}", kind)
        timing = {"startTime": began, "endTime": running.now()}
        images.append({"name": name, "digest": found[1], "pushTiming": timing})
    steps = [""] * len(running.document["steps"])
    shown = {"images": images} if images else {}
    running.tell(results={**shown, "buildStepImages": steps, "buildStepOutputs": steps})
