"""Which entries of Cloud Logging are asked for: filters of its query language. Pure.

What a user typed goes in as a quoted string and nothing else, so that it changes nothing but what is looked for. The
filters let through all that a line of Dockyard's may contain, and sometimes more: `entries` looks again at the text.
Source: https://cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ...errors import SettingError

REQUESTS = "run.googleapis.com%2Frequests"
EXECUTION = "run.googleapis.com/execution_name"  # the label of a job's entries
SEVERITIES = ("DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
LONGEST = 500  # characters of a text, which is in a filter several times; a whole one may have 20,000
_PUNCTUATION = re.compile(r'[{}\[\]":,\\]')  # of JSON, which a line has and a field has not
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), 127, 0x2028, 0x2029)} | str.maketrans(
    {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)
_NUMBER = re.compile(r"[\d.]+s?")  # a status or a latency, which are no texts in an entry


def quoted(text: str) -> str:
    """A text as a string of the query language, whatever it holds."""
    return f'"{text.translate(_ESCAPES)}"'


def one_of(names: Sequence[str]) -> str:
    """A value, or the choice between several."""
    each = [quoted(name) for name in names]
    return each[0] if len(each) == 1 else f"({' OR '.join(each)})"


def service(name: str, region: str, revisions: Sequence[str] = ()) -> str:
    """What the revisions of a service write; all of them where none are named."""
    return _resource("cloud_run_revision", {"service_name": [name], "location": [region], "revision_name": revisions})


def pool(name: str, region: str, revisions: Sequence[str] = ()) -> str:
    """What the revisions of a worker pool write."""
    return _resource(
        "cloud_run_worker_pool", {"worker_pool_name": [name], "location": [region], "revision_name": revisions}
    )


def execution(job: str, region: str, name: str) -> str:
    """What one execution of a job writes."""
    of = _resource("cloud_run_job", {"job_name": [job], "location": [region]})
    return f"{of} AND labels.{quoted(EXECUTION)}={quoted(name)}"


def requests(project: str) -> str:
    """The log of requests, which Cloud Run itself writes."""
    return f"logName={quoted(f'projects/{project}/logs/{REQUESTS}')}"


def whole(of: Iterable[str], since: float, *more: str) -> str:
    """The filter for any `of` these, `since` seconds after 1970, as far as it is `more`.

    It always has a bound in time, for Cloud Logging looks through all that it keeps without one.
    """
    sources = list(of)
    anything = sources[0] if len(sources) == 1 else " OR ".join(f"({each})" for each in sources)
    return " AND ".join([f"({anything})", f"timestamp>={quoted(at(since))}", *(f"({each})" for each in more if each)])


def at(seconds: float) -> str:
    """A time as filters have it: UTC in ISO 8601 with microseconds."""
    return datetime.fromtimestamp(max(0.0, seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def containing(text: str) -> str:
    """What may contain a text; or, for the name of a severity, what has that one or a worse one.

    Raises SettingError for a text that is too long.
    """
    if len(text) > LONGEST:
        raise SettingError(
            f"A text to look for in the log has {len(text)} characters, and may have {LONGEST}: give a part of it."
        )
    asked = quoted(text)
    found = [
        f"textPayload:{asked}",
        f"jsonPayload.message:{asked}",
        "jsonPayload:*" if _PUNCTUATION.search(text) else f"(jsonPayload:* AND {asked})",
        "protoPayload:*",
        f"({_request(text)})",
    ]
    if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII):
        found.append(f"jsonPayload.{text}:*")
    if text.upper() in SEVERITIES:
        found.append(f"severity>={text.upper()}")
    return " OR ".join(found)


def _request(text: str) -> str:
    """What requests may have of a text, word for word: a line puts together what an entry has in several fields."""
    words = [word for word in text.split() if not _NUMBER.fullmatch(word)]
    each = [f"(httpRequest.requestMethod:{quoted(word)} OR httpRequest.requestUrl:{quoted(word)})" for word in words]
    return " AND ".join(each) or "httpRequest.requestUrl:*"


def _resource(kind: str, labels: dict[str, Sequence[str]]) -> str:
    named = [f"resource.labels.{name}={one_of(values)}" for name, values in labels.items() if values]
    return " AND ".join([f"resource.type={quoted(kind)}", *named])
