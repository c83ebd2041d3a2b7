"""Sizes, durations and CPUs, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.environment import units


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("512", 512),
        ("512B", 512),
        ("32Gi", 34359738368),
        ("1GiB", 1073741824),
        ("512Mi", 536870912),
        ("64m", 67108864),
        ("64k", 65536),
        ("2g", 2147483648),
        ("1GB", 1000000000),
        ("1.5 GB", 1500000000),
        ("0.5Gi", 536870912),
        ("10kB", 10000),
        ("10KB", 10000),
    ],
)
def test_a_size_is_bytes(text: str, size: int) -> None:
    assert units.size(text) == size


@pytest.mark.parametrize("text", ["", "lots", "1G", "1gb", "-1", "1e9", "Gi", "1 Gi b", "٣", "1Gi\n", "1_000"])
def test_what_is_no_size_is_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no size") as failure:
        units.size(text)
    assert (
        str(failure.value) == f"{text!r} is no size: write bytes, 512Mi, 32Gi, 1GB (10**9) or 64m (Docker's, binary)."
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("15m", 900), ("1h30m", 5400), ("250ms", 0.25), ("90", 90), ("1.5", 1.5), ("7d", 604800), ("0", 0)],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert units.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1 h", "h", "1h30", "10x", f"{'9' * 400}s"])
def test_what_is_no_duration_is_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration") as failure:
        units.duration(text)
    assert str(failure.value) == f"{text!r} is no duration: write 60s, 15m, 1h30m, 250ms or plain seconds."


@pytest.mark.parametrize(("text", "cpus"), [("2", 2.0), ("0.5", 0.5), ("500m", 0.5), ("8", 8.0), ("1500m", 1.5)])
def test_cpus_are_whole_or_thousandths(text: str, cpus: float) -> None:
    assert units.cpu(text) == cpus


@pytest.mark.parametrize("text", ["", "two", "-1", "500M", "1,5"])
def test_what_is_no_cpu_count_is_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no CPU count") as failure:
        units.cpu(text)
    assert str(failure.value) == f"{text!r} is no CPU count: write 2, 0.5 or 500m."


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**50), st.sampled_from(sorted(units.SIZES)))
def test_a_whole_number_of_any_unit_comes_back(number: int, unit: str) -> None:
    assert units.size(f"{number}{unit}") == number * units.SIZES[unit]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_hours_minutes_seconds_and_milliseconds_add_up(
    hours: int, minutes: int, seconds: int, thousandths: int
) -> None:
    text = f"{hours}h{minutes}m{seconds}s{thousandths}ms"
    assert round(units.duration(text) * 1000) == ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_thousandths_of_a_cpu_come_back(thousandths: int) -> None:
    assert round(units.cpu(f"{thousandths}m") * 1000) == thousandths
