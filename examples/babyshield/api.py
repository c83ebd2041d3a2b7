"""The BabyShield backend in small: the endpoints that releases are judged by, and a report as a PDF."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, Field
from recalls import Recall, named, numbered
from report import pdf

log = logging.getLogger("babyshield")
app = FastAPI(title="BabyShield API")


class Search(BaseModel):
    """What is searched for."""

    product: str = Field(min_length=1)
    limit: int = Field(20, ge=1, le=100)


@app.middleware("http")
async def say(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Write each request into the log, where `inv logs --filter=500` finds it."""
    try:
        given = await answer(request)
    except Exception:
        log.error("%s %s 500", request.method, request.url.path)
        raise  # which writes the traceback
    log.info("%s %s %d", request.method, request.url.path, given.status_code)
    return given


@app.get("/api/v1/healthz")
async def healthz() -> dict[str, str]:
    """Whether it serves."""
    return {"status": "ok"}


@app.head("/api/v1/healthz", include_in_schema=False)
async def alive() -> Response:
    """The same without a body."""
    return Response(media_type="application/json")


@app.post("/api/v1/search/advanced")
async def search(asked: Search) -> dict[str, Any]:
    """Recalls by product: `{"product": "pacifier", "limit": 5}`."""
    return listed(named(asked.product)[: asked.limit])


@app.get("/api/v1/reports/{number}.pdf", response_class=Response)
def report(number: str) -> Response:
    """The report of one recall."""
    recall = numbered(number)
    if recall is None:
        raise HTTPException(404, f"there is no recall {number}")
    return Response(pdf(recall), media_type="application/pdf")


def listed(found: list[Recall]) -> dict[str, Any]:
    """Recalls as they are answered."""
    return {"ok": True, "data": {"items": [vars(recall) for recall in found], "total": len(found)}}
