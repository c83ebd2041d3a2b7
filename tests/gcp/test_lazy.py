"""A lazy package: its modules come without it, and it comes whole as soon as it is asked for something."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
LOGGING = "google.cloud.logging_v2"
TELL = f"import json, sys; print(json.dumps([name for name in sys.modules if '{LOGGING}' in name]))"


def loaded(*statements: str) -> set[str]:
    """The modules of the package that there are after some statements, in a process of its own."""
    code = "\n".join([*statements, TELL])
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True)
    return set(json.loads(ran.stdout))


def test_reading_entries_brings_neither_handlers_nor_the_other_clients() -> None:
    found = loaded(
        "import tasks.target.cloudrun.entries",
        f"from {LOGGING}.services.logging_service_v2 import LoggingServiceV2Client",
    )
    assert f"{LOGGING}.types" in found
    assert not found & {f"{LOGGING}.handlers", f"{LOGGING}.client", f"{LOGGING}.services.config_service_v2"}


def test_whoever_wants_the_package_itself_gets_it_whole() -> None:
    found = loaded(
        "import tasks.target.cloudrun.entries",
        "from google.cloud import logging_v2",
        "assert logging_v2.Client and logging_v2.types.LogEntry",
    )
    assert {f"{LOGGING}.handlers", f"{LOGGING}.client"} <= found


def test_one_that_was_imported_already_stays_as_it_is() -> None:
    loaded(
        f"import {LOGGING} as before",
        "import tasks.target.cloudrun",
        f"import {LOGGING} as after",
        "assert before is after and not hasattr(type(after), '__getattr__')",
    )


def test_one_that_is_not_installed_is_left_alone() -> None:
    loaded("from tasks.gcp.lazy import lazy", "lazy('google.cloud.nothing_v9')", "lazy('no_such.package')")
