"""All pins of a project: an image that one environment has tried is another one's next release."""

from __future__ import annotations

from pathlib import Path

from . import pin
from .pin import Pin


def names(root: Path) -> list[str]:
    """Which environments have a pin: NAME of each `env/NAME.lock`."""
    return sorted(path.stem for path in (root / "env").glob("*.lock"))


def read(root: Path) -> dict[str, Pin]:
    """Every pin, by environment. Raises SettingError for one that cannot be read: what it names is not known."""
    return {name: pin.read(root, name) for name in names(root)}
