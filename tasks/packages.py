"""The system's own packages, where it is Debian or Ubuntu: an engine to install, and what a base image is made from."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from .errors import DockyardError

Say = Callable[[str], None]


def debian() -> bool:
    """Whether this system takes Debian's packages."""
    release = Path("/etc/os-release")
    words = release.read_text(encoding="utf-8").replace("=", " ").replace('"', " ").split() if release.exists() else []
    return bool({"debian", "ubuntu"} & set(words)) and shutil.which("apt-get") is not None


def install(names: Sequence[str], log: Path, say: Say) -> None:
    """Install those of the packages that this system has. Raises DockyardError with the log's last line."""
    try:
        logged(["apt-get", "update", "--quiet"], log)
    except DockyardError as error:  # one broken third-party source fails the update, though not these packages
        say(str(error.message))
    logged(command(names, said(["apt-cache", "pkgnames"]).split()), log)


def command(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """The argv that installs packages; `known` are those that this system has: Debian 12 has no docker-buildx."""
    there = set(known)
    return ["apt-get", "install", "--yes", "--no-install-recommends", *(name for name in names if name in there)]


def mirror() -> str:
    """Where this system gets Debian's main archive from; "" where it gets it from nowhere."""
    if not shutil.which("apt-get"):
        return ""
    return choose(said(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]))


def choose(targets: str) -> str:
    """The mirror out of lines `URI SUITE COMPONENT`, as apt lists its sources; "" if none."""
    rows = [row.split() for row in targets.splitlines()]
    main = [(row[0], row[1]) for row in rows if len(row) == 3 and row[2] == "main"]
    plain = [uri for uri, suite in main if "-" not in suite and uri.rstrip("/").endswith("/debian")]
    return next((uri for uri, suite in main if suite == "bookworm"), plain[0] if plain else "")


def proxies() -> dict[str, str]:
    """The proxies that apt is configured with, as the variables that other downloaders understand."""
    pairs = ("http_proxy", "Acquire::http::Proxy", "https_proxy", "Acquire::https::Proxy")
    lines = (line.partition("=") for line in said(["apt-config", "shell", *pairs]).splitlines())
    return {name: value.strip("'") for name, _, value in lines if value.strip("'") not in ("", "DIRECT")}


def said(argv: list[str]) -> str:
    """What a command writes to standard output; "" where it fails."""
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout


def logged(argv: list[str], log: Path, *, environ: Mapping[str, str] | None = None) -> None:
    """Run a command with its output in `log`. Raises DockyardError with the log's last line."""
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **(environ or {})}
    try:
        with log.open("ab") as file:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=variables, check=False)
    except FileNotFoundError as error:
        raise DockyardError(f"{argv[0]} is not installed, and local.up needs it: install it and try again.") from error
    if done.returncode:
        raise DockyardError(f"`{' '.join(argv[:3])}` failed: {tail(log)} (the whole log is {log}).")


def tail(log: Path) -> str:
    """The last line of a log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
