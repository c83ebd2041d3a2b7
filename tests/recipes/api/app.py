"""A small API for the tests of the recipes."""

from __future__ import annotations

import os
import time
from pathlib import Path

from flask import Flask, Response, request

app = Flask(__name__)
WORD = "one"


@app.get("/")
def root() -> dict[str, object]:
    return {"word": WORD, "uid": os.getuid(), "gid": os.getgid()}


@app.get("/health")
def health() -> Response:
    return Response(status=int(os.environ.get("STATUS", "200")))


@app.get("/slow")
def slow() -> dict[str, object]:
    time.sleep(float(request.args["seconds"]))
    return {"finished": True}


@app.get("/write")
def write() -> dict[str, str]:
    try:
        Path(request.args["path"]).write_text("x")
    except OSError as error:
        return {"error": str(error.strerror)}
    return {"error": ""}
