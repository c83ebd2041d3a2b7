"""Draw docs/release.svg: what a real release of examples/hello prints.

.venv/bin/python docs/picture.py
"""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("release --env=local", "status --env=local", "rollback --env=local")
WIDTH = 118
TITLE = "Dockyard"


def main() -> None:
    """Run the commands, each for real, and draw what they said."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for command in COMMANDS:
        console.print(Text(f"$ inv {command}", style="bold green"))
        said = subprocess.run(
            [ROOT / "inv", *command.split()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        console.print(Text.from_ansi(said.stdout, overflow="ellipsis", no_wrap=True))
    console.save_svg(str(ROOT / "docs" / "release.svg"), title=TITLE)


if __name__ == "__main__":
    main()
