"""Quantities as Cloud Run writes and reads them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.target.cloudrun import quantity


@pytest.mark.parametrize(("amount", "text"), [(1.0, "1"), (8.0, "8"), (0.5, "500m"), (0.08, "80m"), (0.583, "583m")])
def test_cpus(amount: float, text: str) -> None:
    assert quantity.cpu(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(32 * 1024**3, "32Gi"), (1536 * 1024**2, "1536Mi"), (10**9, "1G"), (1000001, "1000001")]
)
def test_sizes(amount: int, text: str) -> None:
    assert quantity.size(amount) == text


@given(st.integers(1, 2**45))
def test_a_size_is_read_as_it_was_written(amount: int) -> None:
    assert quantity.number(quantity.size(amount)) == amount


@pytest.mark.parametrize(("text", "number"), [("1000m", 1), ("1", 1), ("1.5", Fraction(3, 2)), ("x", 0), ("1Qi", 0)])
def test_numbers(text: str, number: Fraction) -> None:
    assert quantity.number(text) == number
