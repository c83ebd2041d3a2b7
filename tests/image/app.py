"""A project with a small image, for tests that really build it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def write(root: Path, service: str, image: str, *lines: str, name: str = "local") -> Path:
    """Write `env/NAME.env` with more lines of settings, and a Dockerfile that copies hello.txt where there is none."""
    (root / "env").mkdir(parents=True, exist_ok=True)
    settings = "\n".join([f"TARGET=docker\nSERVICE={service}\nIMAGE={image}", *lines, ""])
    (root / "env" / f"{name}.env").write_text(settings, encoding="utf-8")
    if not (root / "Dockerfile").exists():
        (root / "Dockerfile").write_text("FROM scratch\nCOPY hello.txt /\n")
        (root / "hello.txt").write_text("hello")
        (root / ".dockerignore").write_text("env\n.git\n")
    return root


def git(root: Path, *arguments: str) -> str:
    """Run git in a folder."""
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root: Path) -> str:
    """Commit everything, and return the commit."""
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "--allow-empty", "-m", "one")
    return git(root, "rev-parse", "HEAD").strip()
