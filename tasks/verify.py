"""Look again: what runs, against what should run.

`OK`, `FAILED` or `unverified` for each of: the running digest, the instances, the traffic, the share of errors where
MAX_ERROR_RATE is set, what the platform records of its own deployment, HEALTH_PATH, every CHECK_*, and the log. What
the platform cannot tell is unverified, never OK; so is a scan that read no line.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import SettingError, Unreadable, VerifyFailed
from .target import CheckResult, Current, LogQuery, Served
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .target import Revision

WORDS = {True: "OK", False: "FAILED", None: "unverified"}


@verb(help={"tag": "compare what runs with this tag in the registry rather than with the pin"})
def verify(op: Operation, tag: str = "") -> Document:
    """Compare what runs with the pin, probe health and checks, scan the log (exit 3 if wrong)."""
    current = op.target.current()
    wanted, called = expected(op, tag)
    if current.revision is None:
        raise VerifyFailed(f"{op.environment.service} has no revision; deploy one: inv deploy --env={op.name}.")
    checks = look(op, current, wanted, called, requests=True)
    say(op, checks)
    document = {**describe(op, current), "checks": as_documents(checks)}
    failed = [check.name for check in checks if check.ok is False]
    if failed:
        raise VerifyFailed(f"{current.revision.name} is not as it should be: {', '.join(failed)} failed.", document)
    return document


def expected(op: Operation, tag: str) -> tuple[str, str]:
    """The digest that should run, and what to call it. Raises SettingError without a pin."""
    if tag:
        digest = op.registry.digest(tag)
        if not digest:
            raise SettingError(
                f"--tag={tag} is not in the registry ({op.environment.image}); inv history has the tags."
            )
        return digest, f"tag {tag}"
    from .image import pin

    return pin.read(op.root, op.name).digest, f"env/{op.name}.lock"


def look(
    op: Operation,
    current: Current,
    wanted: str,
    called: str,
    *,
    requests: bool = False,
    since: float | None = None,
    proven: bool = False,
) -> list[CheckResult]:
    """All that can be read back, side by side. `requests` sends CHECK_* too; `since` (seconds) bounds the log scan.

    A `proven` release may be older than today's HEALTH_PATH, and its own was asked already: a wrong answer to
    today's is no failure of it.
    """
    from .target import probe

    revision = current.revision
    assert revision is not None
    health = probe.health(op.environment)
    asked = [*([health] if health else []), *(op.environment.checks if requests else ())]
    with ThreadPoolExecutor(3) as side_by_side:
        answers = side_by_side.submit(op.target.ask, asked)
        attested = side_by_side.submit(op.target.attest, wanted)
        scanned = side_by_side.submit(scan, op, revision, since)
        answered = [replace(each, ok=each.ok or None) if proven else each for each in answers.result()]
        read_back = [digest_check(current, wanted, called), instances_check(current), traffic_check(current)]
        if op.environment.max_error_rate is not None:
            read_back.append(errors_check(served(current, revision.name), op.environment.max_error_rate))
        return [*read_back, *attested.result(), *answered, *scanned.result()]


def digest_check(current: Current, wanted: str, called: str) -> CheckResult:
    """Whether every instance of the serving revision runs the wanted digest; "" is one that was deployed by tag."""
    assert current.revision is not None
    mine = [each for each in current.instances if each.revision == current.revision.name]
    if not mine or any(not each.digest for each in mine):
        return CheckResult("digest", None, "the platform does not say which digest runs")
    if not wanted:
        return CheckResult("digest", None, f"{mine[0].name} runs {mine[0].digest}, {called} goes by a tag")
    wrong = [each for each in mine if each.digest != wanted]
    if wrong:
        return CheckResult("digest", False, f"{wrong[0].name} runs {wrong[0].digest}, {called} is {wanted}")
    return CheckResult("digest", True, f"{len(mine)} of {wanted}")


def instances_check(current: Current) -> CheckResult:
    """Whether every instance of the serving revision runs, workers too, and as many as should; restarts are said."""
    assert current.revision is not None
    mine = [each for each in current.instances if each.revision == current.revision.name]
    down = [f"{each.name} is {each.state} {each.detail}".rstrip() for each in mine if each.state.lower() != "running"]
    web = sum(each.process == "web" for each in mine)
    if current.desired is not None and web != current.desired:
        down.append(f"{web} of {current.desired} run")
    up = [f"{len(mine)} running", *(f"{each.name} {each.detail}" for each in mine if each.detail)]
    return CheckResult("instances", not down and (bool(mine) or current.desired == 0), ", ".join(down or up))


def traffic_check(current: Current) -> CheckResult:
    """Whether the serving revision has all the traffic; a split in progress is said, and is no failure."""
    assert current.revision is not None
    shares = [f"{each.revision} {each.percent} %" for each in current.traffic if each.percent]
    return CheckResult("traffic", bool(shares), ", ".join(shares) or "no revision has traffic")


def served(current: Current, revision: str) -> Served | None:
    """What a revision has answered; None where the platform does not count."""
    return next((each for each in current.served if each.revision == revision), None)


def errors_check(counted: Served | None, most: float, enough: int = 1) -> CheckResult:
    """Whether no larger share than `most` of the requests failed; fewer than `enough` requests tell nothing."""
    if counted is None:
        return CheckResult("errors", None, "the platform counts no requests")
    if counted.requests < enough:
        return CheckResult("errors", None, f"{counted.errors} of {counted.requests} requests failed, too few to tell")
    rate = counted.errors / counted.requests
    detail = f"{counted.errors} of {counted.requests} requests failed, {rate:.1%}"
    return CheckResult("errors", rate <= most, detail if rate <= most else f"{detail}; MAX_ERROR_RATE is {most:.4g}")


def scan(op: Operation, revision: Revision, since: float | None) -> list[CheckResult]:
    """Search the revision's log for LOG_DENY. Nothing to search for: no check."""
    if not op.environment.log_deny:
        return []
    try:
        asked = LogQuery(limit=0, since=since, revision=revision.name, sought=op.environment.log_deny)
        lines = list(op.target.logs(asked))
    except Unreadable as error:
        return [CheckResult("log", None, str(error.message))]
    for line in lines:
        for text in op.environment.log_deny:
            if text in line.text:
                return [CheckResult("log", False, f"{line.source}: {line.text.strip()}")]
    if not lines:
        return [CheckResult("log", None, "no line to read yet")]
    return [CheckResult("log", True, f"no line with {', '.join(op.environment.log_deny)}")]


def say(op: Operation, checks: Sequence[CheckResult]) -> None:
    """One line a check."""
    for check in checks:
        op.say(f"  {WORDS[check.ok]:<10} {check.name}: {check.detail}")


def as_documents(checks: Sequence[CheckResult]) -> list[Document]:
    """Checks as `--json` gives them."""
    return [{"name": each.name, "ok": each.ok, "detail": each.detail} for each in checks]


def describe(op: Operation, current: Current) -> Document:
    """The part of a document that says what runs."""
    revision = current.revision
    counts = {each.revision: {"requests": each.requests, "errors": each.errors} for each in current.served}
    return {
        **op.about,
        "revision": revision.name if revision else None,
        "digest": revision.release.digest if revision else None,
        "tag": revision.release.tag if revision else None,
        "url": current.url,
        "traffic": [
            {"revision": t.revision, "percent": t.percent, "tag": t.tag, **counts.get(t.revision, {})}
            for t in current.traffic
        ],
    }
