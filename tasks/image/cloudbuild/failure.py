"""What to say of a build that ended without an image: the failing step's last lines, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import DockyardError
from ..progress import CONTROL, Progress
from ..progress import failure as of_step

if TYPE_CHECKING:
    from google.cloud.devtools import cloudbuild_v1

    from . import Place

FAILED = ("FAILURE", "TIMEOUT", "INTERNAL_ERROR")
AGAIN = "type the command again"
ENDS = {  # by status, where no step is to blame
    "EXPIRED": "The build waited too long for its turn",
    "CANCELLED": "The build was cancelled by somebody else",
    "INTERNAL_ERROR": "Cloud Build itself failed",
}
ROLES = {  # what the build's service account could not do, and the role that lets it
    "PUSH_NOT_AUTHORIZED": ("may not push the image", "roles/artifactregistry.writer"),
    "FETCH_SOURCE_FAILED": ("could not fetch the source from gs://{bucket}", "roles/storage.objectViewer"),
    "LOGGING_FAILURE": ("could not write the log", "roles/logging.logWriter"),
}


def of(place: Place, build: cloudbuild_v1.Build, progress: Progress, dockerfile: Path) -> DockyardError:
    """The error, whatever the build ended with; `--json` has the step and its last lines."""
    status, kind = build.status.name, build.failure_info.type_.name
    detail = (build.failure_info.detail or build.status_detail).strip().rstrip(".")
    said = f" ({detail})" if detail else ""
    seen = f"; see {build.log_url}." if build.log_url else "."
    if status == "TIMEOUT":
        return late(build, progress)
    if status in ENDS and progress.failed is None:
        return DockyardError(f"{ENDS[status]}{said}: {AGAIN}{seen}")
    if kind in ROLES:
        what, role = ROLES[kind]
        who = build.service_account.rpartition("/")[2] or f"the default one of {place.project}"
        what = what.format(bucket=place.bucket)
        return DockyardError(f"The build's service account ({who}) {what}{said}: give it {role}, then {AGAIN}{seen}")
    if kind == "PUSH_IMAGE_NOT_FOUND":
        return DockyardError(f"No step made an image that the build names under images{said}: mend the steps{seen}")
    if kind == "PUSH_FAILED":
        repair = f"see that its repository is there, then {AGAIN}{seen}"
        return with_lines(progress, f"The image could not be pushed{said}: {repair}")
    step = next((each for each in build.steps if each.status.name in FAILED), None)
    if progress.failed is None and step is not None:
        why = f"exit code {step.exit_code}" if step.exit_code else detail or "it failed"
        name = step.id or step.name
        return with_lines(progress, f"The build failed in the step {name}: {why}; mend it, then {AGAIN}{seen}", name)
    return of_step(progress, dockerfile, detail or "it failed")


def late(build: cloudbuild_v1.Build, progress: Progress) -> DockyardError:
    """The error of a build, or a step of it, that took longer than it may."""
    where = f" in {progress.current.name}" if progress.current else ""
    step = next((each for each in build.steps if each.status.name == "TIMEOUT" and each.timeout), None)
    if step is not None:
        taken = f"the {step.timeout.total_seconds():g} s that its step {step.id or step.name} may take"
        return with_lines(progress, f"The build was ended after {taken}{where}: make it faster, or give it more.")
    taken = f"{build.timeout.total_seconds():g} s" if build.timeout else "its time"
    return with_lines(progress, f"The build was ended after {taken}{where}: make it faster, or raise BUILD_TIMEOUT.")


def with_lines(progress: Progress, sentence: str, name: str = "") -> DockyardError:
    """An error that shows the last lines first."""
    step = progress.failed or progress.current
    lines = [CONTROL.sub("", line) for line in (step.lines if step and step.lines else progress.last)]
    shown = "".join(f"  {line}\n" for line in lines)
    title = name or (step.name if step else "")
    return DockyardError(f"{title}\n{shown}{sentence}" if lines else sentence, {"step": title, "lines": lines})
