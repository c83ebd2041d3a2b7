"""Who wants a service's lock at the same time, on any target."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


@contextmanager
def inside(process: subprocess.Popen[str], notes: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a lock by now, as its notes say, and is killed at the end of the block."""
    with process:
        try:
            deadline = time.monotonic() + 60
            while not notes.exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def most_at_once(held: Callable[[], AbstractContextManager[None]], count: int = 4) -> int:
    """How many of so many threads had it at the same time, at most."""
    within, most, guard = 0, 0, threading.Lock()

    def release() -> None:
        nonlocal within, most
        with held():
            with guard:
                within += 1
                most = max(most, within)
            time.sleep(0.05)
            with guard:
                within -= 1

    threads = [threading.Thread(target=release) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert within == 0
    return most
