"""What CloudWatch gives of a log group, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import SettingError, Unreadable
from . import faults, streams
from .clients import clock
from .streams import Event, Place

if TYPE_CHECKING:
    from .clients import Clients

Mine = Callable[[Sequence[Event]], list[Event]]


class Events:
    """Log groups in whatever region they are. `now` is CloudWatch's own clock, as its last answer told it."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.now = time.time()
        self._elsewhere: dict[str, Clients] = {}

    def client(self, region: str) -> Any:
        """The client of a region."""
        if region == self.clients.region:
            return self.clients.logs
        return self._elsewhere.setdefault(region, type(self.clients)(region)).logs

    def read(
        self,
        place: Place,
        mine: Mine,
        start: int,
        *,
        tasks: Sequence[str] = (),
        pattern: str = "",
        newest: int = 0,
    ) -> list[Event]:
        """The events of a place from `start` on that are `mine`, the oldest first; only the `newest`, unless 0.

        Raises Unreadable for a group that is not there or may not be read; a stream that is missing has no events.
        """
        client = self.client(place.region)
        backwards = newest and knows_backwards(client)
        request = streams.request(place, start, tasks=tasks, pattern=pattern, newest=newest if backwards else 0)
        found: list[Event] = []
        try:
            for page in self.pages(client, request):
                found += mine(page)
                if backwards and len(found) >= newest and falls(found):
                    break
        except client.exceptions.ResourceNotFoundException as error:
            if "stream" not in faults.message(error):
                raise Unreadable(absent(place)) from None
            if not tasks:
                return []
            return self.read(place, mine, start, pattern=pattern, newest=newest)
        except client.exceptions.InvalidParameterException as error:
            if pattern:
                raise SettingError(bad(pattern, faults.message(error))) from None
            raise
        except client.exceptions.ClientError as error:
            if faults.denied(error):
                raise Unreadable(faults.sentence(error)) from None
            raise
        return sorted(found, key=streams.order)[-newest:]

    def pages(self, client: Any, request: Mapping[str, Any]) -> Iterator[list[Event]]:
        """The pages of an answer; one may be empty and not the last."""
        while True:
            reply = client.filter_log_events(**request)
            self.now = clock(reply, self.now)
            yield list(reply.get("events") or ())
            token = reply.get("nextToken")
            if not token or token == request.get("nextToken"):
                return
            request = {**request, "nextToken": token}


def falls(found: Sequence[Event]) -> bool:
    """Whether events came newest first, as asked: an emulator may know no other order than the oldest first."""
    return int(found[0]["timestamp"]) >= int(found[-1]["timestamp"])


def knows_backwards(client: Any) -> bool:
    """Whether this botocore knows how to read from the end."""
    return "startFromHead" in client.meta.service_model.operation_model("FilterLogEvents").input_shape.members


def absent(place: Place) -> str:
    """The sentence for a group that is not there."""
    return (
        f"There is no log group {place.group} in {place.region}, where the tasks should log to: type "
        f"aws logs create-log-group --region={place.region} --log-group-name={place.group}."
    )


def bad(pattern: str, why: str) -> str:
    """The sentence for a pattern that CloudWatch does not understand."""
    return (
        f"--filter={pattern} is no filter pattern of CloudWatch's ({why}): put a text with other characters than "
        "letters, digits and `_` in double quotes, as in --filter='\"GET /health\"'."
    )
