"""What the looks of `doctor` at a platform find, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from ..errors import DockyardError
from .values import Missing

Look = Callable[[], Iterator[Missing]]


class Unanswered(Missing):
    """What the platform said instead of an answer."""


def findings(looks: Sequence[Look], told: Callable[[], AbstractContextManager[None]]) -> list[Missing]:
    """What all looks found, each finding once. One that got no answer is a finding, and stops no other look.

    Only one of these is given where no look got any: it is the same for all, such as credentials that have expired.
    `told` turns the platform's exceptions into sentences.
    """

    def asked(look: Look) -> list[Missing]:
        try:
            with told():
                return list(look())
        except DockyardError as error:
            return [Unanswered(str(error.message).rstrip("."))]

    with ThreadPoolExecutor(len(looks)) as side_by_side:
        found = [each for answer in side_by_side.map(asked, looks) for each in answer]
    once_each = list(dict.fromkeys(found))
    return once_each[:1] if all(isinstance(each, Unanswered) for each in found) else once_each


def unchecked() -> Missing:
    """That no setting says how to check that a service answers."""
    what = "neither HEALTH_PATH nor a CHECK_* is set: that the service answers stays unverified"
    return Missing(what, "write HEALTH_PATH=/health there", needed=False)
