"""Findings that somebody wants to live with: `# hadolint ignore=DL3008,moving-tag` above an instruction.

hadolint itself reads such a comment only on the line directly above, and none that has a name beside its own ones:
ours then go into a comment of their own, over it. `# hadolint global ignore=NAME` is for the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..dockerfile import written
from .finding import Finding

PRAGMA = re.compile(r"#\s*hadolint\s+(?P<all>global\s+)?ignore\s*=\s*(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)")


class Ignored:
    """What a Dockerfile's comments ignore. `same` gives, for a rule of hadolint's, ours that says the same."""

    def __init__(self, text: str, same: Mapping[str, str]) -> None:
        self._same = same
        comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
        self._everywhere = names(comments, everywhere=True)
        self._at: dict[int, set[str]] = {}
        for each in written(text):
            here = names(each.above, everywhere=False)
            for number in range(each.line, each.lines[-1][0] + 1):
                self._at[number] = here

    def has(self, finding: Finding) -> bool:
        """Whether a finding is ignored, by its own name or by the other tool's."""
        ignored = self._everywhere | self._at.get(finding.line, set())
        return finding.rule in ignored or any(self._same.get(name) == finding.rule for name in ignored)


def names(comments: tuple[str, ...] | list[str], *, everywhere: bool) -> set[str]:
    """The rules that comments name, those for the whole file or the others."""
    found = [match for comment in comments if (match := PRAGMA.match(comment)) and bool(match["all"]) is everywhere]
    return {name.strip() for match in found for name in match["names"].split(",")}
