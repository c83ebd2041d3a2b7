"""The same under ASGI."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"served": "asgi"}


@app.get("/slow")
async def slow(seconds: float) -> dict[str, object]:
    await asyncio.sleep(seconds)
    return {"finished": True}
