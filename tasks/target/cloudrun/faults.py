"""What Cloud Run refuses, as a sentence with a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from google.api_core import exceptions

from ...errors import DockyardError
from ...gcp import faults


@contextmanager
def told(fault: Callable[[str], DockyardError] = DockyardError) -> Iterator[None]:
    """Turn Google's exceptions into sentences: of what went on for too long, the last one; over REST, requests' too."""
    try:
        with faults.told(fault):
            try:
                yield
            except exceptions.RetryError as error:
                if isinstance(error.cause, exceptions.GoogleAPICallError):
                    raise error.cause from error
                raise
    except OSError as error:
        if not type(error).__module__.startswith("requests."):
            raise
        said = str(error).strip().rstrip(".")
        raise fault(f"Google could not be reached ({said}): see REGION and the network, {faults.SAME}.") from error
