"""Whatever a file holds, rules read it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from .look import look

WORDS = st.sampled_from(
    [
        *(
            "FROM",
            "debian:13",
            "AS",
            "ARG",
            "ENV",
            "A=1",
            "$A",
            "RUN",
            "COPY",
            "ADD",
            "USER",
            "CMD",
            "true",
            "[",
            "]",
            '"',
        ),
        *("<<END", "END", "\\", "\n", "#", "hadolint", "ignore=root", "&&", ";", "apt-get", "install", "--from=0", "."),
    ]
)


@given(st.lists(WORDS | st.text(max_size=3), max_size=40).map(" ".join))
def test_no_text_breaks_a_rule(text: str) -> None:
    lines = len(text.splitlines())
    assert all(1 <= each.line <= lines for each in look(text.replace("\r", "")))
