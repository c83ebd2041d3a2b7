"""Where the source stands: commit, branch, dirt, remote, as git says."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ..errors import DockyardError

PINS = ":(exclude,top,glob)**/env/*.lock"  # a pin is written by a release: no dirt


@dataclass(frozen=True)
class Source:
    """A checkout. Everything is empty outside git; `sha` and `committed_at` are before the first commit.

    `committed_at` is UTC in ISO 8601 with seconds, `remote` a URL without credentials ("" for a local path),
    `changes` git's short status lines (` M app.py`, `?? new.py`).
    """

    sha: str = ""
    short: str = ""
    branch: str = ""
    dirty: bool = False
    committed_at: str = ""
    remote: str = ""
    changes: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """The full commit, with `-dirty` where the tree holds something else."""
        return self._marked(self.sha)

    @property
    def short_revision(self) -> str:
        """The short commit, with `-dirty` where the tree holds something else."""
        return self._marked(self.short)

    def _marked(self, sha: str) -> str:
        return f"{sha}-dirty" if sha and self.dirty else sha


def read(root: Path) -> Source:
    """Read the checkout that `root` lies in. Raises DockyardError if git refuses it."""
    status = git(root, "status", "--porcelain", "--untracked-files=normal", "--", ":/", PINS)
    if status is None:
        return Source()
    changes = tuple(status.splitlines())
    branch = (git(root, "symbolic-ref", "--short", "--quiet", "HEAD", may_fail=True) or "").strip()
    commit = (git(root, "log", "-1", "--format=%H %h %ct", may_fail=True) or "").split()
    if len(commit) != 3:
        return Source(branch=branch, dirty=bool(changes), changes=changes)
    sha, short, seconds = commit
    remote = git(root, "config", "--get", "remote.origin.url", may_fail=True) or ""
    return Source(
        sha=sha,
        short=short,
        branch=branch,
        dirty=bool(changes),
        committed_at=datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        remote=without_credentials(remote.strip()),
        changes=changes,
    )


def git(root: Path, *arguments: str, may_fail: bool = False) -> str | None:
    """What git answers, or None outside a repository and where there is no git.

    Raises DockyardError with git's own sentence for any other failure, unless it `may_fail`.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            check=False,
        )
    except FileNotFoundError:
        return None
    if done.returncode == 0:
        return done.stdout
    if may_fail or "not a git repository" in done.stderr:
        return None
    said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    raise DockyardError(
        f"git {arguments[0]} failed in {root}: {said[0]}; mend it, or build from a checkout of your own."
    )


def without_credentials(url: str) -> str:
    """A remote's URL as a label may show it: no password, no token, and no path of this machine.

    `git@host:team/app.git` keeps its user, which is no secret.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ssh", "git"):
        host = parts.netloc.rpartition("@")[2]
        user = f"{parts.username}@" if parts.scheme == "ssh" and parts.username else ""
        return urlunsplit((parts.scheme, user + host, parts.path, "", ""))
    host, colon, path = url.partition(":")
    return url if colon and "/" not in host and not path.startswith("//") else ""
