"""A build from its submission to its end: its lines are shown as they come, and Ctrl-C cancels it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from google.cloud.devtools import cloudbuild_v1

from ...errors import DockyardError
from ...gcp.faults import message, told
from ..progress import Progress, View
from . import Place, clients, output

ENDED = ("SUCCESS", "FAILURE", "INTERNAL_ERROR", "TIMEOUT", "CANCELLED", "EXPIRED")
STEP = re.compile(r'(?P<step>Step #\d+)(?: - "[^"]*")?: (?P<line>.*)', re.DOTALL)
FIRST, LONGEST, MORE = 0.1, 2.0, 1.4  # seconds between two questions, and how they grow
PATIENCE = 300.0  # seconds that Cloud Build may give no answer about a build that runs
LATE = 10.0  # seconds that a failed build's last lines may take to arrive
QUOTA = re.compile(r"quota", re.IGNORECASE)

Say = Callable[[str], None]


class Lines:
    """Takes a build's lines, and shows them. `failing` is the progress of the step that was heard last."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.step = ""
        self.over = False  # the last line was there

    def take(self, lines: Iterable[str]) -> None:
        """Take lines, each with its step in front where there are several."""
        for line in lines:
            found = STEP.fullmatch(line)
            step, bare = (found["step"], found["line"]) if found else (self.step, line)
            if step != self.step:
                self.step = step
                self.view.progress = Progress()  # BuildKit counts anew
            self.over = self.over or bare in ("DONE", "ERROR") or bare.startswith("ERROR: build step")
            self.view.line(bare, line)


def run(place: Place, build: cloudbuild_v1.Build, say: Say) -> tuple[cloudbuild_v1.Build, Progress]:
    """Submit a build and watch it to its end, whatever that is: the build as it is then, and its last step's progress.

    Raises DockyardError for one that cannot be submitted.
    """
    submitted = submit(place, build)
    say(f"Building in {place.parent}: {submitted.log_url or submitted.id}")
    try:
        return watch(place, submitted, say)
    except BaseException:
        cancel(submitted, say)
        raise


def look(place: Place) -> None:
    """See whether builds can be seen here. Raises DockyardError."""
    with told():
        next(iter(clients.builds().list_builds(request={"parent": place.parent, "page_size": 1}).pages))


def submit(place: Place, build: cloudbuild_v1.Build) -> cloudbuild_v1.Build:
    """Create a build. Raises DockyardError."""
    from google.api_core.exceptions import FailedPrecondition, ResourceExhausted, TooManyRequests

    with told():
        try:
            operation = clients.builds().create_build(request={"parent": place.parent, "build": build})
        except (FailedPrecondition, ResourceExhausted, TooManyRequests) as error:
            if not QUOTA.search(message(error)):
                raise
            raise DockyardError(
                f"Cloud Build takes no build in {place.location} ({message(error)}): wait until others are done, take "
                "BUILD_MACHINE out, or have the quota raised; then type the command again."
            ) from error
        made: cloudbuild_v1.Build = operation.metadata.build
        return made


def watch(place: Place, build: cloudbuild_v1.Build, say: Say) -> tuple[cloudbuild_v1.Build, Progress]:
    """Ask for state and lines, side by side, until the build has ended."""
    source = output.of(place, build)
    more = output.patient(source, say)
    pause, heard = FIRST, 0.0
    with View(Progress()) as view, ThreadPoolExecutor(1) as beside:
        lines = Lines(view)
        while True:
            asked = beside.submit(get, build)
            if time.monotonic() - heard >= source.pause:
                lines.take(more())
                heard = time.monotonic()
            build = asked.result()
            if build.status.name in ENDED:
                break
            time.sleep(pause)
            pause = min(pause * MORE, LONGEST)
        finish(lines, more, source.pause, failed=build.status.name != "SUCCESS")
        return build, view.progress


def get(build: cloudbuild_v1.Build) -> cloudbuild_v1.Build:
    """The build as it is now; what passes by itself is waited for, as the build goes on. Raises DockyardError."""
    from google.api_core import exceptions
    from google.api_core.retry import Retry, if_exception_type

    passing = if_exception_type(exceptions.ServerError, exceptions.TooManyRequests)
    again = Retry(passing, initial=0.5, maximum=10.0, timeout=PATIENCE)
    with told():
        found: cloudbuild_v1.Build = clients.builds().get_build(request={"name": build.name}, retry=again)
        return found


def finish(lines: Lines, more: Callable[[], list[str]], pause: float, *, failed: bool) -> None:
    """Take the lines that are left; those of a failed build tell why, and are waited for."""
    lines.take(more())
    deadline = time.monotonic() + LATE
    while failed and not lines.over and time.monotonic() < deadline:
        time.sleep(min(pause, 1.0))
        lines.take(more())


def cancel(build: cloudbuild_v1.Build, say: Say) -> None:
    """Cancel a build that nobody waits for any more; where that cannot be done, it is said how."""
    with suppress(Exception):
        clients.builds().cancel_build(request={"name": build.name})
        say(f"The build {build.id} was cancelled.")
        return
    location = build.name.partition("/locations/")[2].partition("/")[0] or "global"
    say(f"The build {build.id} may go on; cancel it: gcloud builds cancel {build.id} --region={location}")
