"""Draw docs/release.svg: what a real release of examples/hello prints on a terminal, and its rollback.

.venv/bin/python docs/picture.py
"""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("release --env=local", "status --env=local", "rollback --env=local")
WIDTH = 166  # columns: a plan's line with two digests
WHO = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.email", "GIT_CONFIG_VALUE_0": "ada@example.com"}


def main() -> None:
    """Run the commands, each for real, and draw what they said."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for command in COMMANDS:
        console.print(Text(f"$ inv {command}", style="bold green"))
        said = subprocess.run(
            [ROOT / "inv", *command.split()],
            cwd=ROOT, env=os.environ | WHO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
        )  # fmt: skip
        # A terminal shows the build's steps live, and takes them away when it is done.
        lines = [line for line in said.stdout.splitlines() if not line.startswith("#")]
        console.print(Text("\n".join(lines), no_wrap=True))
    console.save_svg(str(ROOT / "docs" / "release.svg"), title="Dockyard")


if __name__ == "__main__":
    main()
