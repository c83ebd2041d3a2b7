"""The Sync Scribe Studio API: the endpoints that releases are judged by, and FFmpeg's work on what is sent."""

from __future__ import annotations

import hmac
import os
from http import HTTPStatus
from typing import Any

from condition import NEEDED, SERVICE, bring_models, detailed, health
from flask import Flask, Response, abort, request
from transcoding import FORMATS, Refused, TooLong, convert, metadata
from waiting import Full, a_place
from werkzeug.exceptions import HTTPException

if absent := [name for name in NEEDED if not os.environ.get(name)]:
    raise RuntimeError(f"not set: {', '.join(absent)}")
bring_models()

app = Flask(__name__, static_folder=None)
app.json.compact = False  # as the checks and people read it: "version": "200"
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024**2  # bytes; what is worked on lies in memory


@app.get("/")
def root() -> dict[str, Any]:
    """Who this is."""
    return {"service": SERVICE, "endpoints": sorted(str(rule) for rule in app.url_map.iter_rules())}


@app.get("/health")
def shallow() -> dict[str, Any]:
    """How it is, without looking."""
    return health()


@app.get("/health/detailed")
def deep() -> tuple[dict[str, Any], HTTPStatus]:
    """How it and all that it needs are."""
    found = detailed()
    return found, HTTPStatus.OK if found["status"] == "healthy" else HTTPStatus.SERVICE_UNAVAILABLE


@app.post("/v1/media/transcribe")
def transcribe() -> dict[str, Any]:
    """The text of a recording: here a stand-in, as no model of Whisper's is in this repository."""
    return {"text": f"{len(recording())} bytes of speech"}


@app.post("/v1/media/convert")
def converted() -> Response:
    """A recording in another format: `?to=mp3`."""
    to = request.args.get("to", "")
    if to not in FORMATS:
        abort(HTTPStatus.UNPROCESSABLE_ENTITY, f"to={to!r} is not known; say one of {', '.join(FORMATS)}")
    with a_place():
        return Response(convert(recording(), to), mimetype=FORMATS[to].mimetype)


@app.post("/v1/media/metadata")
def described() -> dict[str, Any]:
    """What a recording holds."""
    with a_place():
        return metadata(recording())


def recording() -> bytes:
    """What was sent; 422 if nothing was."""
    return request.get_data() or abort(HTTPStatus.UNPROCESSABLE_ENTITY, "send a recording")


@app.before_request
def authorize() -> None:
    """401 without the API key where one is configured, for all that costs something."""
    key = os.environ.get("API_KEY", "")
    sent = request.headers.get("X-API-Key", "")
    if key and request.method == "POST" and not hmac.compare_digest(sent.encode(), key.encode()):
        abort(HTTPStatus.UNAUTHORIZED, "send the API key as X-API-Key")


@app.errorhandler(HTTPException)
def answered(error: HTTPException) -> tuple[dict[str, Any], int]:
    """Every refusal as a document."""
    return {"detail": error.description}, error.code or HTTPStatus.INTERNAL_SERVER_ERROR


@app.errorhandler(Refused)
def refused(error: Refused) -> tuple[dict[str, Any], HTTPStatus]:
    """FFmpeg could make nothing of it."""
    return {"detail": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY


@app.errorhandler(TooLong)
def too_long(error: TooLong) -> tuple[dict[str, Any], HTTPStatus]:
    """It took longer than a request may."""
    return {"detail": str(error)}, HTTPStatus.GATEWAY_TIMEOUT


@app.errorhandler(Full)
def full(error: Full) -> tuple[dict[str, Any], HTTPStatus, dict[str, str]]:
    """As many wait as may."""
    return {"detail": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"}
