from __future__ import annotations

import os
import pwd
import socket

import pytest

from tasks.who import user_at_host


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert user_at_host() == f"{os.getuid()}@{socket.gethostname()}"
    monkeypatch.setenv("LOGNAME", "ada")
    assert user_at_host() == f"ada@{socket.gethostname()}"
