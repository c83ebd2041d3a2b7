"""The parts of a rollout, side by side: the service's own, and its workers'."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from ...errors import DeployFailed, DockyardError
from ...say import say
from ...signals import uninterrupted
from . import faults, stuck, undoing, waiting
from .rolling import Rolling
from .service import Entry, named, primary
from .stopping import stop_reason
from .workers import side_by_side

SCALED = "Scaling activity"  # how the reason of a task begins that nobody needs any more


def begin(rollings: Sequence[Rolling], timeout: float) -> None:
    """Ask for all the changes. On a failure or an interruption all that were asked are taken back first.

    A request that was sent gets its answer, whatever interrupts: only that tells what there is to undo.
    """
    try:
        with ThreadPoolExecutor(len(rollings)) as executor:
            for each in [executor.submit(asked, rolling) for rolling in rollings]:
                each.result()
    except BaseException as error:
        begun = [each for each in rollings if each.asked]
        if not begun:
            raise
        say(f"Undoing {rollings[0].goal.name}.")
        try:
            with uninterrupted():
                undo(begun, timeout)
        except DeployFailed as second:
            said = str(error.message).rstrip() if isinstance(error, DockyardError) else "Interrupted."
            raise DeployFailed(f"{said}\n{second.message}", second.document) from None
        if isinstance(error, DockyardError):
            raise DeployFailed(f"{error.message} It was undone; {rollings[0].home} serves.", error.document) from None
        raise


def asked(rolling: Rolling) -> None:
    """Ask for one."""
    with faults.told():
        rolling.begin()


def wait(rollings: Sequence[Rolling], timeout: float) -> None:
    """Return once all have succeeded. Raises DeployFailed at the first that has not."""
    over = threading.Event()
    if len(rollings) == 1:
        waiting.follow(rollings[0], timeout, over)
        return
    executor = ThreadPoolExecutor(len(rollings))
    try:
        for each in as_completed([executor.submit(followed, one, timeout, over) for one in rollings]):
            each.result()
    finally:
        over.set()
        executor.shutdown(cancel_futures=True)


def followed(rolling: Rolling, timeout: float, over: threading.Event) -> None:
    """Wait for one."""
    with faults.told():
        waiting.follow(rolling, timeout, over)


def alive(rollings: Sequence[Rolling], entries: Mapping[str, Entry]) -> None:
    """Look whether every service still runs its goal, all of it. Raises DeployFailed where it does not."""
    for each in rollings:
        entry = entries[each.service.process]
        each.heard(entry)
        own, name = primary(entry), named(entry)
        if name != each.goal.name:
            raise DeployFailed(f"{each.service.name} is to run {name} by now, which somebody else deployed meanwhile.")
        if own.get("rolloutState") == "FAILED":
            raise stuck.failure(each, f"served, then failed: {own.get('rolloutStateReason') or 'no reason was given'}")
        short = int(own.get("runningCount") or 0) < int(own.get("desiredCount") or 0)
        gone = [task for task in stuck.stopped(each) if not stop_reason(task).startswith(SCALED)] if short else []
        if gone:
            counted = f"{own.get('runningCount', 0)} of {own.get('desiredCount', 0)} tasks run"
            raise stuck.failure(each, f"served, then a task of it ended: {counted}")


def undo(rollings: Sequence[Rolling], timeout: float) -> None:
    """Take all back, whatever becomes of one of them. Raises DeployFailed for those that were not."""

    def tried(rolling: Rolling) -> DockyardError | None:
        try:
            undoing.undo(rolling, timeout + waiting.baking(rolling))
        except DockyardError as error:
            return error
        return None

    wrong = [each for each in side_by_side(tried, rollings) if each]
    if wrong:
        raise DeployFailed("\n".join(str(each.message) for each in wrong), wrong[0].document)
