"""All pins of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import SettingError
from tasks.image import pin, pins


def test_every_pin_counts_and_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert pins.read(tmp_path) == {}
    (tmp_path / "env").mkdir()
    local = pin.Pin("r/api", f"sha256:{'1' * 64}", "v1")
    prod = pin.Pin("r/api", f"sha256:{'2' * 64}")
    pin.write(tmp_path, "prod", prod)
    pin.write(tmp_path, "local", local)
    assert pins.read(tmp_path) == {"local": local, "prod": prod}
    (tmp_path / "env" / "staging.lock").write_text("IMAGE=r/api\n")
    assert pins.names(tmp_path) == ["local", "prod", "staging"]
    with pytest.raises(SettingError, match=r"staging\.lock:1 has no DIGEST"):
        pins.read(tmp_path)
