"""The application of a recipe that has no app.py of its own: WSGI without a framework, whatever packages are there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

WORD = "one"


def app(environ: dict[str, Any], start: Callable[..., object]) -> Iterator[bytes]:
    """Answer `/`, `/health`, `/slow?seconds=2` and `/write?path=/tmp/new`."""
    asked = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    status = os.environ.get("STATUS", "200") if environ["PATH_INFO"] == "/health" else "200"
    start(f"{status} Said", [("Content-Type", "application/json")])
    yield json.dumps(answer(environ["PATH_INFO"], asked)).encode()


def answer(path: str, asked: dict[str, str]) -> dict[str, object]:
    """What a path answers."""
    match path:
        case "/slow":
            time.sleep(float(asked["seconds"]))
            return {"finished": True}
        case "/write":
            try:
                Path(asked["path"]).write_text("x")
            except OSError as error:
                return {"error": error.strerror}
            return {"error": ""}
        case _:
            return {"word": WORD, "uid": os.getuid(), "gid": os.getgid()}
