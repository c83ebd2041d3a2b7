"""Sizes, durations and CPU as people write them."""

from __future__ import annotations

import re
from fractions import Fraction

BINARY = {"": 1, "B": 1} | {
    f"{letter}{suffix}": 1024**power for power, letter in enumerate("KMGTP", 1) for suffix in ("i", "iB")
}
DOCKER = {letter: 1024**power for power, letter in enumerate("kmgt", 1)}
DECIMAL = {f"{letter}B": 1000**power for power, letter in enumerate("kMGTP", 1)} | {"KB": 1000}
SIZES = BINARY | DOCKER | DECIMAL
SECONDS = {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600), "d": Fraction(86400)}

_NUMBER = r"[0-9]{1,30}(?:\.[0-9]+)?"  # more digits are no quantity of anything
_SIZE = re.compile(rf"({_NUMBER}) ?([A-Za-z]*)")
_STEP = re.compile(rf"({_NUMBER})(ms|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_NUMBER}(?:ms|s|m|h|d))+|{_NUMBER}")
_CPU = re.compile(rf"({_NUMBER})(m?)")


def size(text: str) -> int:
    """Bytes: `512Mi`, `32GiB` and Docker's `64m` are binary, `1GB` is 10**9, a plain number is bytes.

    `1G` and `1gb` mean one thing to Docker and another to Kubernetes: they raise ValueError, as does all else.
    """
    found = _SIZE.fullmatch(text)
    if not found or found[2] not in SIZES:
        raise ValueError(f"{text!r} is no size: write bytes, 512Mi, 32Gi, 1GB (10**9) or 64m (Docker's, binary).")
    return int(Fraction(found[1]) * SIZES[found[2]])


def duration(text: str) -> float:
    """Seconds: `60s`, `15m`, `1h30m`, `250ms`, `7d`, or a plain number of seconds. Raises ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write 60s, 15m, 1h30m, 250ms or plain seconds.")
    steps = _STEP.findall(text) or [(text, "s")]
    return float(sum(Fraction(number) * SECONDS[unit] for number, unit in steps))


def cpu(text: str) -> float:
    """Virtual CPUs: `2`, `0.5`, or thousandths as in `500m`. Raises ValueError."""
    found = _CPU.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no CPU count: write 2, 0.5 or 500m.")
    return float(Fraction(found[1]) / (1000 if found[2] else 1))
