"""Whether a holder has ended, judged by this process's own monotonic clock, as the platform's may jump."""

from __future__ import annotations

import time

from ..say import say
from .holder import Found


class Watch:
    """What one process has seen of whoever holds a lock, while it waits for it."""

    def __init__(self) -> None:
        self.seen = ("", 0.0)
        self.since = 0.0
        self.alive = ""  # whose new sign was seen
        self.told: set[tuple[str, bool]] = set()

    def ended(self, found: Found) -> bool:
        """Whether the holder has ended: known at once on its own machine, else by two signs that did not come."""
        now = time.monotonic()
        if self.seen != (found.id, found.sign):
            self.alive = found.id if self.seen[0] == found.id else ""
            self.seen, self.since = (found.id, found.sign), now
        return found.lives is False or (found.doubtful and now - self.since >= 2 * found.every)

    def doubts(self, found: Found) -> bool:
        """Whether it must go on to know: the lease seems to have ended, and no new sign was seen."""
        return found.doubtful and self.alive != found.id

    def tell(self, found: Found, left: float) -> None:
        """Say once what is waited for, `left` seconds at most."""
        doubts = self.doubts(found)
        if (found.id, doubts) in self.told:
            return
        self.told.add((found.id, doubts))
        if doubts:
            say(
                f"{found.state}, but without a sign of life: watching for {2 * found.every:.0f} s whether it has ended."
            )
        else:
            say(f"Waiting for {left:.0f} s at most: {found.state}.")
