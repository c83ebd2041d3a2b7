"""Why a task ended, in words: what ECS says, which container it was, and what to mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SIGNALS = {134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM"}
CODES = {  # TaskStopCode, where it says more than stoppedReason does
    "SpotInterruption": "the Spot capacity was taken back",
    "TerminationNotice": "its host was taken away",
    "UserInitiated": "somebody stopped it",
}
HINTS = (  # what a reason looks like -> what to say
    (r"OutOfMemory", "raise MEMORY"),
    (r"(?i)exec format error", "the image is for another processor: see PLATFORM"),
    (r"(?i)executable file not found|no such file or directory", "the image has no such command: see its CMD"),
    (
        r"CannotPull\w*Error.*(?i:not found|manifest unknown|does not exist)",
        "the registry has no such digest: see IMAGE and inv images",
    ),
    (
        r"CannotPull\w*Error.*(?i:no basic auth|denied|forbidden|unauthorized|403)",
        "the task's execution role may not pull: it needs ecr:GetAuthorizationToken, ecr:BatchGetImage and "
        "ecr:GetDownloadUrlForLayer",
    ),
    (r"CannotPull\w*Error", "the task does not reach the registry: see its subnets, their NAT or VPC endpoints"),
    (
        r"ResourceInitializationError.*(?i:secret|ssm|parameter)",
        "the task does not get a secret: see SECRET_*, the execution role and the route to Secrets Manager or SSM",
    ),
    (r"ResourceInitializationError.*(?i:log)", "the log group is not there or may not be written: see LOG_GROUP"),
    (r"(?i)failed (elb|container|service connect) health checks", "it runs, but does not answer: see HEALTH_PATH"),
    (r"(?i)read-only file system", "READ_ONLY=true: give it a writable place with TMPFS"),
)


def stop_reason(task: Mapping[str, Any]) -> str:
    """Why a task of DescribeTasks ended: `Essential container in task exited; web exited with code 3`.

    "" for one that runs. A hint follows where the reason is known.
    """
    if not (task.get("stoppedReason") or task.get("stopCode") or task.get("lastStatus") == "STOPPED"):
        return ""
    code = str(task.get("stopCode") or "")
    first = str(task.get("stoppedReason") or CODES.get(code) or code or "no reason was given").strip()
    said = [first, *(ended(each, first) for each in culprits(task))]
    text = "; ".join(each for each in said if each)
    return f"{text}{hint(text)}"


def culprits(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers that tell why: those with a reason or a failure of their own, else any that ended unasked."""
    containers = [
        each for each in task.get("containers") or () if each.get("reason") or each.get("exitCode") is not None
    ]
    failed = [each for each in containers if each.get("reason") or each.get("exitCode")]
    own = [each for each in failed if each.get("reason") or each["exitCode"] not in (137, 143)]  # the rest were stopped
    meant = task.get("stopCode") in ("ServiceSchedulerInitiated", "UserInitiated")
    return own or failed or ([] if meant else containers)


def ended(container: Mapping[str, Any], said: str = "") -> str:
    """How one container ended: `web exited with code 137 (SIGKILL): OutOfMemoryError: …`; a reason `said` is left out.

    "" where nothing is left to say.
    """
    code, reason = container.get("exitCode"), str(container.get("reason") or "").strip()
    named = f" ({SIGNALS[code]})" if code in SIGNALS else ""
    how = "" if code is None else f" exited with code {code}{named}"
    why = f": {reason}" if reason and reason not in said else ""
    return f"{container.get('name') or 'a container'}{how}{why}" if how or why else ""


def hint(text: str) -> str:
    """What to do about a known reason, in brackets; "" for an unknown one."""
    return next((f" ({words})" for sign, words in HINTS if re.search(sign, text, re.DOTALL)), "")
