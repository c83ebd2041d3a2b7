"""The recalls that are searched: a handful, in the place of the database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recall:
    """One recall of a product."""

    id: str
    product: str
    hazard: str
    agency: str


RECALLS = (
    Recall("R-1", "pacifier", "choking", "CPSC"),
    Recall("R-2", "pacifier clip", "choking", "EU Safety Gate"),
    Recall("R-3", "crib", "entrapment", "CPSC"),
)


def named(product: str) -> list[Recall]:
    """The recalls of products with this in their names."""
    return [recall for recall in RECALLS if product.lower() in recall.product]


def mentioned(text: str) -> list[Recall]:
    """The recalls of products that a text mentions, such as that of a label."""
    return [recall for recall in RECALLS if recall.product in text.lower()]


def numbered(number: str) -> Recall | None:
    """The recall with this id."""
    return next((recall for recall in RECALLS if recall.id == number), None)
