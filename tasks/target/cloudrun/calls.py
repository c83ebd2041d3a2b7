"""How long each call to Cloud Run is tried, and which refusals are of one kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from google.api_core import exceptions
from google.api_core.retry import Retry

from ...errors import DockyardError
from ...gcp import faults

if TYPE_CHECKING:
    from ...environment.settings import Environment

Got = TypeVar("Got")
TIMEOUT = 30.0  # seconds for one answer
PATIENCE = 60.0  # seconds for which a call is repeated that Google cannot answer just now
PASSING = (
    exceptions.ServiceUnavailable,
    exceptions.TooManyRequests,  # gRPC's ResourceExhausted is one
    exceptions.BadGateway,
    exceptions.GatewayTimeout,  # gRPC's DeadlineExceeded is one
    exceptions.InternalServerError,
)
LOST = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ChunkedEncodingError")


def passing(error: BaseException) -> bool:
    """Whether the same call may well succeed in a moment; over REST a lost connection is an exception of requests."""
    lost = isinstance(error, ConnectionError) or type(error).__name__ in LOST
    return isinstance(error, PASSING) or (isinstance(error, OSError) and lost)


READ = Retry(predicate=passing, initial=0.2, maximum=5.0, multiplier=2.0, timeout=PATIENCE)
WRITE = READ  # safe to repeat: an etag, or a name of one's own, tells whether it was done
NOWHERE = re.compile(r"(?:^|: )(?:(?:unknown|invalid) )?(?:project|location)\b", re.IGNORECASE)


def conflict(error: Exception) -> bool:
    """Whether a write was refused because the service is not as it was: 409, gRPC's ABORTED, a precondition."""
    return isinstance(error, exceptions.Conflict | exceptions.FailedPrecondition | exceptions.PreconditionFailed)


def finished(call: Callable[[], Got]) -> Got:
    """A call that gets its answer, whatever interrupts: only that tells what there is to undo."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(call).result()


def absent(error: Exception, environment: Environment) -> None:
    """Raise DockyardError for a 404 that is about the project or the region, not about the service."""
    said = faults.message(error)
    if NOWHERE.search(said):
        raise DockyardError(
            f"Cloud Run does not know PROJECT={environment.project} with REGION={environment.region} ({said}): see "
            f"env/{environment.name}.env; gcloud run regions list lists what there is."
        ) from error
