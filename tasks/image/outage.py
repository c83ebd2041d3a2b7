"""A build that broke off because its engine went away: what is said instead of the builder's own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DockyardError

LOST = (  # how a builder's client says that it lost the engine, which may be back by now
    "server did not provide an image ID",
    "error reading from server: EOF",
    "transport is closing",
    "closing transport",
    "error during connect",
    "Cannot connect to the Docker daemon",
)


@contextmanager
def told() -> Iterator[None]:
    """Turn the failure of a build whose engine is gone into a sentence that says so."""
    from ..target.docker.engine import connect

    try:
        yield
    except DockyardError as error:
        try:
            connect().close()
        except DockyardError as silent:
            raise DockyardError(f"The engine went away in the middle of the build. {silent.message}") from None
        if any(words in str(error) for words in LOST):
            raise DockyardError(
                "The engine was restarted in the middle of the build, or the connection to it was lost: "
                "type the command again."
            ) from None
        raise
