"""One thing that is wrong with a Dockerfile."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEVELS = ("error", "warning", "info", "style")  # hadolint's own words; an error refuses


@dataclass(frozen=True)
class Finding:
    """What is wrong where, and what to write instead. `line` counts from 1."""

    line: int
    rule: str
    level: str
    text: str
    mend: str
    file: str = ""

    def at(self, file: str) -> Finding:
        """The same in a file, as people know it."""
        return replace(self, file=file)

    def __str__(self) -> str:
        end = "" if "://" in self.mend.rpartition(" ")[2] else "."  # a link ends where it ends
        return f"{self.file}:{self.line}: {self.level} {self.rule}: {self.text}; {self.mend}{end}"
