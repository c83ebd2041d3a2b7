"""What an env file says: files, typed settings, secrets, errors with file and line.

Light to import: listing the verbs reads no settings.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingError

if TYPE_CHECKING:
    from .settings import Environment

COMMON = "common"


def project(start: Path, root: Path | None = None) -> Path:
    """The project that `start` lies in: the nearest directory at or above it with `env/*.env`.

    `root` ends the search and is the answer where nothing is found, or where `start` lies outside it
    (`inv --search-root`). Without one the search goes up to `/`, and the answer is at last `start`.
    """
    start = start.resolve()
    root = root.resolve() if root else None
    if root is None or root == start or root in start.parents:
        for folder in (start, *start.parents):
            if any((folder / "env").glob("*.env")):
                return folder
            if folder == root:
                break
    return root or start


def names(root: Path) -> list[str]:
    """The environments of a project: NAME of each `env/NAME.env`, without `common` and `NAME.local`."""
    found = (path.name.removesuffix(".env") for path in (root / "env").glob("*.env"))
    return sorted(name for name in found if name != COMMON and not name.endswith(".local"))


def load(root: Path, name: str, *, force: bool = False) -> Environment:
    """Read, type and check one environment's settings. Raises SettingError with file and line.

    `force` lets settings differ from what FIXED_<KEY> says (`--force`).
    """
    from .reading import read

    return read(root, name, force=force)


def choose(root: Path, given: str, *, changes: bool = False) -> str:
    """The environment to use: `given` (`--env`), else `DOCKYARD_ENV`, else `DEFAULT_ENV` of common.env.

    One with `PROTECTED=true` must be given to be changed. Raises SettingError.
    """
    known = names(root)
    if given:
        return _known(given, known, root)
    from .reading import default_env, protected

    name = os.environ.get("DOCKYARD_ENV", "") or default_env(root)
    if not name:
        raise SettingError(f"No environment was named: add --env=NAME ({', '.join(known) or 'none in env/ yet'}).")
    name = _known(name, known, root)
    if changes and protected(root, name):
        raise SettingError(f"{name} is protected, so it must be named to be changed: add --env={name}.")
    return name


def _known(name: str, known: list[str], root: Path) -> str:
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean --env={near[0]}?" if near else f"there is {', '.join(known) or 'none'} in {root / 'env'}."
    raise SettingError(f"Unknown environment {name!r}: {hint}")
