"""What git says of the source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import DockyardError
from tasks.image import source
from tasks.image.source import Source

Git = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path, git: Git) -> Path:
    """A checkout with one commit and a path that is no plain one."""
    root = tmp_path / "my äpp"
    (root / "env").mkdir(parents=True)
    git(root, "init")
    (root / "app.py").write_text("1")
    git(root, "add", ".")
    git(root, "commit", "-m", "one")
    return root


def test_outside_git_nothing_is_known(tmp_path: Path) -> None:
    assert source.read(tmp_path) == Source()


def test_before_the_first_commit_everything_is_dirt(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init")
    (tmp_path / "x").touch()
    assert source.read(tmp_path) == Source(branch="main", dirty=True, changes=("?? x",))


def test_a_clean_checkout(root: Path, git: Git) -> None:
    found = source.read(root)
    assert found.sha == git(root, "rev-parse", "HEAD").strip()
    assert found.sha.startswith(found.short)
    assert (found.branch, found.dirty, found.changes) == ("main", False, ())
    assert (found.revision, found.short_revision) == (found.sha, found.short)


def test_dirt_is_marked(root: Path) -> None:
    (root / "app.py").write_text("2")
    (root / "new.py").touch()
    found = source.read(root)
    assert found.changes == (" M app.py", "?? new.py")
    assert found.revision == f"{found.sha}-dirty"
    assert found.short_revision == f"{found.short}-dirty"


def test_pins_are_no_dirt(root: Path, git: Git) -> None:
    (root / "env" / "prod.lock").write_text("IMAGE=x")
    (root / "deep" / "env").mkdir(parents=True)
    (root / "deep" / "env" / "local.lock").write_text("IMAGE=x")
    assert not source.read(root).dirty
    git(root, "add", ".")
    git(root, "commit", "-m", "pins")
    (root / "env" / "prod.lock").write_text("IMAGE=y")
    assert not source.read(root).dirty
    assert not source.read(root / "deep").dirty
    (root / "poetry.lock").touch()
    assert source.read(root / "deep").dirty


def test_a_detached_head_has_no_branch(root: Path, git: Git) -> None:
    git(root, "checkout", "--detach")
    assert source.read(root).branch == ""


def test_the_commits_time_is_utc(root: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-22T01:30:00+02:00")
    git(root, "commit", "--allow-empty", "-m", "two")
    assert source.read(root).committed_at == "2026-11-21T23:30:00Z"


def test_a_checkout_that_git_refuses_is_an_error(root: Path) -> None:
    (root / ".git" / "config").write_text("[core\n")
    with pytest.raises(DockyardError, match="git status failed"):
        source.read(root)


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://ann:token@example.com:8443/team/app.git", "https://example.com:8443/team/app.git"),
        ("https://token@example.com/team/app.git?access_token=x", "https://example.com/team/app.git"),
        ("ssh://git:secret@example.com/team/app.git", "ssh://git@example.com/team/app.git"),
        ("git@example.com:team/app.git", "git@example.com:team/app.git"),
        ("/home/ann/app", ""),
        ("../app", ""),
        ("file:///home/ann/app", ""),
        ("", ""),
    ],
)
def test_a_remote_is_shown_without_credentials(remote: str, shown: str) -> None:
    assert source.without_credentials(remote) == shown


def test_the_remote_is_read(root: Path, git: Git) -> None:
    git(root, "remote", "add", "origin", "https://ann:token@example.com/app.git")
    assert source.read(root).remote == "https://example.com/app.git"
