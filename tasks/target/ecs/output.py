"""What one container of one task writes, shown on standard error as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...errors import DockyardError
from ...say import say
from . import faults, streams
from .events import Events

if TYPE_CHECKING:
    from .clients import Clients
    from .definition import Definition

PAUSE = 0.25  # seconds between two looks for what is still on its way
QUIET = 2.0  # seconds without a line after which nothing is


class Output:
    """One stream, from its beginning on."""

    def __init__(self, client: Any, group: str, stream: str) -> None:
        self.client = client
        self.request = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
        self.wrong = ""  # why nothing can be read

    def show(self) -> int:
        """Say the lines that have come since the last look; how many. A log that cannot be read is said once."""
        count = 0
        while not self.wrong:
            try:
                with faults.told():
                    reply = self._page()
            except DockyardError as error:
                self.wrong = str(error.message)
                say(f"Its output is not shown: {self.wrong}")
                break
            for each in reply.get("events") or ():
                say(str(each["message"]).rstrip("\r\n"))
                count += 1
            token = reply.get("nextForwardToken")
            if not token or token == self.request.get("nextToken"):
                break
            self.request["nextToken"] = token
        return count

    def drain(self) -> None:
        """Show what is still on its way from a task that has ended."""
        quiet = time.monotonic() + QUIET
        while not self.wrong and time.monotonic() < quiet:
            if self.show():
                quiet = time.monotonic() + QUIET
            time.sleep(PAUSE)

    def _page(self) -> dict[str, Any]:
        """The next page; an empty one while the stream is not there yet."""
        try:
            reply: dict[str, Any] = self.client.get_log_events(**self.request)
        except self.client.exceptions.ResourceNotFoundException:
            return {}
        return reply


class Unread(Output):
    """A log that Dockyard cannot read."""

    def __init__(self, why: str) -> None:
        self.wrong = why
        say(f"Its output is not shown: {why}")


@contextmanager
def of(clients: Clients, definition: Definition, task: str, container: str) -> Iterator[Output]:
    """The output of a container; what has come by then is shown whatever ends the block."""
    try:
        place = streams.place(definition, container, clients.region)
        shown = Output(Events(clients).client(place.region), place.group, place.stream(task))
    except DockyardError as error:
        shown = Unread(str(error.message))
    try:
        yield shown
    except BaseException:
        shown.show()
        raise
