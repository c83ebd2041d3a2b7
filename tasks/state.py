"""Where Dockyard keeps what belongs to one user of one machine, outside of every checkout."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """`$XDG_STATE_HOME/dockyard`, else `~/.local/state/dockyard`; it need not exist yet."""
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".local" / "state") / "dockyard"
