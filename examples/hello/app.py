"""A small real API: what the repository's own environments release."""

from __future__ import annotations

import logging
import os
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

log = logging.getLogger("uvicorn.error")
items: dict[int, str] = {1: "anchor", 2: "buoy"}  # of this process only: a service keeps its data elsewhere


async def root(request: Request) -> Response:
    """Say who answers."""
    return JSONResponse({"service": "hello", "greeting": os.environ.get("GREETING", ""), "host": socket.gethostname()})


async def health(request: Request) -> Response:
    """Say that requests can be answered."""
    return JSONResponse({"status": "ok"})


async def list_items(request: Request) -> Response:
    """List the items."""
    return JSONResponse([{"id": number, "name": name} for number, name in items.items()])


async def add_item(request: Request) -> Response:
    """Add an item `{"name": …}`: 201, or 422 for anything else."""
    try:
        name = (await request.json())["name"]
    except (ValueError, KeyError, TypeError):
        name = None
    if not isinstance(name, str) or not name.strip():
        return JSONResponse({"detail": 'send {"name": "..."}'}, status_code=422)
    number = max(items, default=0) + 1
    items[number] = name
    log.info("item %d added", number)
    return JSONResponse({"id": number, "name": name}, status_code=201)


app = Starlette(
    routes=[
        Route("/", root),
        Route("/health", health),
        Route("/items", list_items),
        Route("/items", add_item, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    # The edge tells the visitor's address; requests that are under way at SIGTERM have 5 s to end.
    uvicorn.run(app, host="0.0.0.0", port=port, forwarded_allow_ips="*", timeout_graceful_shutdown=5)  # noqa: S104
