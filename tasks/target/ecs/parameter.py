"""A lock as a parameter of Systems Manager: how it is written, read, made and deleted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from ...errors import DockyardError, NoLock
from ..holder import Claim, Found
from ..lock import Taken
from ..words import iso
from . import faults
from .clients import clock
from .running import short

LONGEST = 1000  # characters of a reason; a parameter holds 4 KB


def name(cluster: str, service: str) -> str:
    """The parameter that is a service's lock; either may be given as an ARN."""
    return f"/dockyard/{short(cluster) or 'default'}/{short(service)}/lock"


def written(held: str, claim: Claim) -> str:
    """A lock as a parameter's value, which must not hold double braces."""
    document = {
        "id": held,
        "token": claim.token,
        "env": claim.env,
        "by": claim.by,
        "since": iso(datetime.now(UTC)),
        "reason": claim.reason[:LONGEST],
        "lease": claim.lease,
    }
    return json.dumps(document).replace("{{", "{\\u007b").replace("}}", "}\\u007d")


def read(reply: dict[str, Any]) -> Found:
    """A reply of GetParameter, `silent` by AWS' own clock: its replies bear its time, as each version does.

    Raises DockyardError for a parameter that is no lock.
    """
    parameter = reply["Parameter"]
    at = parameter["LastModifiedDate"].timestamp()
    try:
        value = json.loads(parameter["Value"])
        return Found(
            env=str(value["env"]),
            by=str(value["by"]),
            reason=str(value["reason"]),
            token=str(value["token"]),
            lease=float(value["lease"]),
            id=str(value["id"]),
            since=str(value["since"]),
            sign=at,
            silent=max(0.0, clock(reply, time.time()) - at),
        )
    except (ValueError, TypeError, KeyError):
        raise DockyardError(
            f"A parameter called {parameter['Name']} is already there and is not Dockyard's: "
            f"remove it (`aws ssm delete-parameter --name {parameter['Name']}`)."
        ) from None


def make(ssm: Any, parameter: str, held: str, value: str) -> None:
    """Make a parameter. Raises Taken where it is there, and was not made by a request of ours that was sent twice."""
    try:
        with permitted(parameter):
            ssm.put_parameter(Name=parameter, Value=value, Type="String", Overwrite=False)
    except ssm.exceptions.TooManyUpdates:
        raise Taken from None
    except ssm.exceptions.ParameterAlreadyExists as error:
        found = look(ssm, parameter) if error.response["ResponseMetadata"].get("RetryAttempts") else None
        if found is None or found.id != held:
            raise Taken from None


def look(ssm: Any, parameter: str) -> Found | None:
    """The lock in a parameter; None where there is no such parameter."""
    try:
        with permitted(parameter):
            return read(ssm.get_parameter(Name=parameter))
    except ssm.exceptions.ParameterNotFound:
        return None


def replaced(ssm: Any, parameter: str, mine: str, value: str, before: str) -> bool:
    """Whether one's own lock is in a parameter now, in the place of that one before it; else all is as it was."""
    version = overwrite(ssm, parameter, value)
    while version > 1:
        version -= 1
        reply = ssm.get_parameter(Name=f"{parameter}:{version}")
        found = read(reply).id
        if found == before:
            return True
        if found != mine:  # else the client has sent it twice
            if overwrite(ssm, parameter, reply["Parameter"]["Value"]) == 1:
                delete(ssm, parameter)
            return False
    delete(ssm, parameter)
    return False


def overwrite(ssm: Any, parameter: str, value: str) -> int:
    """Write a parameter, whatever is there; the version that it has now, 1 where nothing was."""
    return int(ssm.put_parameter(Name=parameter, Value=value, Type="String", Overwrite=True)["Version"])


def delete(ssm: Any, parameter: str) -> None:
    """Delete a parameter, if it is there."""
    with suppress(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name=parameter)


@contextmanager
def permitted(parameter: str) -> Iterator[None]:
    """Raise NoLock for a permission that is missing."""
    try:
        yield
    except Exception as error:
        if not faults.denied(error):
            raise
        raise NoLock(
            f"AWS denies what its lock needs ({faults.message(error)}): let the credentials' role do "
            f"ssm:GetParameter, ssm:PutParameter and ssm:DeleteParameter on parameter{parameter}*."
        ) from error
