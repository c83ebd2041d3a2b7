"""What is kept on a machine lies outside of the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import state


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("/var/state", "/var/state/dockyard"),
        ("relative", "/home/me/.local/state/dockyard"),
        ("", "/home/me/.local/state/dockyard"),
    ],
)
def test_state_lies_outside_of_the_checkout(monkeypatch: pytest.MonkeyPatch, given: str, folder: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", given)
    monkeypatch.setenv("HOME", "/home/me")
    assert state.folder() == Path(folder)
