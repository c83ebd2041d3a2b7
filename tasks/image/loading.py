"""Brings an image's archive to the engine while it is being written: `docker build … | docker load`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from ..errors import DockyardError


def argv(docker: str) -> list[str]:
    """The command that reads an archive from its standard input."""
    return [docker, "load", "--quiet"]


@contextmanager
def loading(docker: str) -> Iterator[IO[bytes]]:
    """A stream to write an archive to; once the block is left, the engine has the image.

    Where the block is left by an exception nothing is loaded. Raises DockyardError if the engine does not take it.
    """
    with subprocess.Popen(
        argv(docker),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        assert child.stdin
        try:
            yield child.stdin
        except BaseException:
            if child.poll():  # the builder failed because of this
                raise refused(child) from None
            child.kill()
            raise
        child.stdin.close()
        if child.wait():
            raise refused(child)


def refused(child: subprocess.Popen[bytes]) -> DockyardError:
    """The sentence for an engine that did not take an image."""
    said = (child.stderr.read() if child.stderr else b"").decode("utf-8", "replace").strip().splitlines()
    why = said[-1] if said else f"exit code {child.returncode}"
    return DockyardError(f"The image was built, but the engine could not load it: {why}; `inv doctor` looks into it.")
