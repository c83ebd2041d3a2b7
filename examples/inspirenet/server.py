"""The background removal API: a picture in, its cut-out stored, and a public URL as the answer."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

import bucket
import model
import picture
from fastapi import FastAPI, HTTPException, Request, Response, UploadFile
from fastapi import Path as Named
from fastapi.responses import JSONResponse

LARGEST = 32 << 20  # bytes of a request, as many as Cloud Run lets through

logging.basicConfig(
    stream=sys.stdout,
    level=os.environ.get("LOG_LEVEL", "info").upper(),
    format="%(levelname)s %(message)s",
)
logging.captureWarnings(True)
app = FastAPI(title="inspirenet-bg-removal-api")
model.start()


@app.middleware("http")
async def limited(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse a body that is too large before anything of it is kept, and one that does not say how large it is."""
    if "transfer-encoding" in request.headers:
        return JSONResponse({"detail": "say Content-Length"}, HTTPStatus.LENGTH_REQUIRED)
    if int(request.headers.get("content-length", 0)) > LARGEST:
        return JSONResponse({"detail": f"send at most {LARGEST} bytes"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return await answer(request)


@app.get("/health")
def health() -> dict[str, object]:
    """Whether the model is loaded, which the first start takes its time for, and what there is no model for."""
    refuse_broken()
    return {"status": "healthy", "model_loaded": model.loaded(), "missing": model.missing()}


def refuse_broken() -> None:
    """Answer 503 where the model cannot be loaded, so that no release of it gets healthy."""
    if why := model.broken():
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, f"the model cannot be loaded: {why}")


@app.get("/model-info")
def model_info() -> dict[str, object]:
    """What takes the background off, where, and how."""
    return {
        "mode": model.MODE,
        "resize": model.RESIZE,
        "target_size": picture.TARGET_SIZE,
        "device": model.device(),
        "engine": model.engine(),
        "missing": model.missing(),
    }


@app.post("/api/storage/upload")
def upload(file: UploadFile) -> dict[str, str]:
    """Store the cut-out of a picture; its public URL. Without a picture the answer is 422."""
    refuse_broken()
    try:
        opened = picture.opened(file.file.read())
    except picture.NotOne as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
    name = bucket.put(picture.png(model.cut(opened)))
    return {"url": bucket.url(name), "name": name}


@app.get("/api/storage/{name}")
def stored(name: Annotated[str, Named(pattern=r"^[0-9a-f]{16}\.png$")]) -> Response:
    """A cut-out that was stored."""
    content = bucket.get(name)
    if content is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{name} is not stored here")
    return Response(content, media_type="image/png")
