"""What gunicorn serves in development: the same, and what is tried there: a label is read from its picture.

It starts without a database, as the recalls are built in.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import asdict
from typing import Any

from api import app, listed
from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from label import UnreadableError, read
from recalls import mentioned

LARGEST = 10_000_000  # bytes of a picture

logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format="%(levelname)s %(message)s")
if not os.environ.get("DATABASE_URL"):
    logging.warning("DATABASE_URL is not set; searching the built-in recalls")


@app.post("/api/v1/labels")
async def labels(request: Request) -> dict[str, Any]:
    """What the picture of a label says, the body of the request, and the recalls of what it names."""
    try:
        label = await run_in_threadpool(read, await body(request))
    except UnreadableError as error:
        raise HTTPException(422, str(error)) from None
    return {**asdict(label), **listed(mentioned(label.text))}


async def body(request: Request) -> bytes:
    """The body of a request, which may be no larger than LARGEST."""
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            raise HTTPException(413, f"a picture has {LARGEST} bytes at most")
    return content
