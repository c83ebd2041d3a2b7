"""Quantities as Cloud Run writes them: `500m` CPUs, `512Mi` of memory."""

from __future__ import annotations

import re
from fractions import Fraction

UNITS = {"": Fraction(1), "m": Fraction(1, 1000)}
UNITS |= {f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGT", 1)}
UNITS |= {letter: Fraction(1000**power) for power, letter in enumerate("kMGT", 1)}

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)")


def cpu(amount: float) -> str:
    """CPUs: `2`, `500m`."""
    return f"{amount:g}" if amount == int(amount) else f"{round(amount * 1000)}m"


def size(amount: int) -> str:
    """Bytes in the largest unit that fits exactly: `512Mi`, `1G`."""
    for unit, factor in sorted(UNITS.items(), key=lambda each: -each[1]):
        if factor >= 1 and amount and amount % factor == 0:
            return f"{amount // factor}{unit}"
    return str(amount)


def number(text: str) -> Fraction:
    """What a quantity is in CPUs or bytes; 0 for one that is none."""
    found = _QUANTITY.fullmatch(text)
    return Fraction(found[1]) * UNITS[found[2]] if found and found[2] in UNITS else Fraction(0)
