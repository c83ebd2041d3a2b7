"""Architecture and size, before anything is pushed."""

from __future__ import annotations

import pytest

from tasks.errors import DockyardError
from tasks.image import check


@pytest.mark.parametrize(
    ("made", "wanted", "same"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm/v7", "linux/arm", True),
        ("linux/arm/v6", "linux/arm", False),
        ("linux/arm64", "linux/amd64", False),
        ("windows/amd64", "linux/amd64", False),
        ("", "linux/amd64", False),
    ],
)
def test_two_platforms_are_one(made: str, wanted: str, same: bool) -> None:
    assert check.same(made, wanted) is same


def test_a_wrong_architecture_says_both() -> None:
    with pytest.raises(DockyardError) as caught:
        check.architecture("api:v1", "linux/arm64", "linux/amd64")
    assert str(caught.value.message) == (
        "api:v1 is for linux/arm64, but PLATFORM is linux/amd64, where it would end with `exec format error`: "
        "build on a base image for linux/amd64, or set PLATFORM=linux/arm64."
    )


def test_a_size_says_both_numbers_and_what_to_do() -> None:
    check.size("api:v1", 1_000_000_000, 1_000_000_000)
    check.size("api:v1", 1, None)
    with pytest.raises(DockyardError) as caught:
        check.size("api:v1", 1_234_567_890, 1_000_000_000)
    assert str(caught.value.message).startswith(
        "api:v1 has 1.235 GB, more than MAX_IMAGE_SIZE=1 GB: `docker history api:v1`"
    )


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (192_484_639, "192.5 MB"), (2.5e15, "2500 TB")]
)
def test_bytes_for_people(size: float, text: str) -> None:
    assert check.human(size) == text


def test_a_configs_platform() -> None:
    assert check.of_config({"os": "linux", "architecture": "arm", "variant": "v7"}) == "linux/arm/v7"
    assert check.of_config({"os": "linux", "architecture": "amd64"}) == "linux/amd64"
