"""torch's CPU build, as pip finds it on this machine or at its publisher, served as a package index on loopback.

uv reads neither pip's configuration nor a folder of wheels that it names, and a build container sees neither: an index
on loopback is what both can be told of.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
VERSION = "2.13.0+cpu"
PUBLISHER = "https://download.pytorch.org/whl/cpu"
PORT = 41213  # the same each time where it is free: a build's cache goes by the index's address
# For the images, whatever Python and system run the tests.
FOR = ("--implementation=cp", "--python-version=3.11", "--abi=cp311", "--platform=manylinux_2_28_x86_64")


class Index(SimpleHTTPRequestHandler):
    """Folders of wheels, each listed as the project of its name (PEP 503)."""

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def torch_index(folder: Path) -> Iterator[str]:
    """Download torch's CPU build into a folder and serve it; the index's URL."""
    wheel(folder / "torch")
    with index(folder, PORT) as url:
        yield url


@contextmanager
def index(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve a folder that holds a folder of wheels for each project; the index's URL."""
    server = listening(folder, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listening(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server at that port, or at any where somebody else has it."""
    handler = partial(Index, directory=str(folder))
    with suppress(OSError):
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    return ThreadingHTTPServer(("127.0.0.1", 0), handler)


def wheel(folder: Path) -> Path:
    """Download torch's CPU build by pip, whose configuration may name a folder or an index that has it.

    Raises RuntimeError where pip finds none.
    """
    asked = [*pip(), "download", f"torch=={VERSION}", f"--dest={folder}", "--no-deps", "--only-binary=:all:", *FOR]
    said = subprocess.run(
        [*asked, f"--extra-index-url={PUBLISHER}", "--retries=1", "--timeout=20", "--quiet", "--no-input"],
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise RuntimeError(
            f"torch {VERSION} was not found by pip, neither at {PUBLISHER} nor where its configuration looks; "
            f"name a folder that has its wheel in PIP_FIND_LINKS: {said.stderr.strip()}"
        )
    return next(folder.glob("torch-*.whl"))


def pip() -> list[str]:
    """How to call pip: an environment that uv made has none of its own."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    base = str(getattr(sys, "_base_executable", sys.executable))
    if not subprocess.run([base, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        return [base, "-m", "pip"]
    return [str(UV), "tool", "run", "pip"]
