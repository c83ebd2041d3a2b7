"""The API: tests are written down here, and run by the worker. It keeps nothing itself, so that it scales out."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

from celery.result import AsyncResult
from fastapi import FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from . import celery_app, database
from .settings import settings

logging.basicConfig(level=settings.log_level.upper())
app = FastAPI(title="rhesis")
app.add_middleware(CORSMiddleware, allow_origins=[settings.frontend_url], allow_methods=["*"], allow_headers=["*"])


class New(BaseModel):
    """A test as somebody sends it."""

    prompt: Annotated[str, Field(min_length=1, max_length=10_000)]
    category: Annotated[str, Field(min_length=1, max_length=100)] = "general"


class Known(New):
    """A test as it is kept."""

    model_config = ConfigDict(from_attributes=True)
    id: int


@app.get("/")
def root() -> dict[str, str]:
    """What this is."""
    return {"service": "rhesis-backend"}


@app.get("/health")
def health() -> JSONResponse:
    """200 with the schema's revision where the database answers, else 503."""
    try:
        with database.engine.connect() as connection:
            schema = connection.execute(text("select version_num from alembic_version")).scalar_one()
    except SQLAlchemyError:
        logging.exception("the database does not answer")
        return JSONResponse({"status": "the database does not answer"}, 503)
    return JSONResponse({"status": "ok", "schema": schema})


@app.get("/login")
def login() -> RedirectResponse:
    """The way to Auth0, with a state that only this service can have signed."""
    nonce = secrets.token_urlsafe(16)
    signed = hmac.new(settings.auth0_secret_key.encode(), nonce.encode(), hashlib.sha256).hexdigest()
    asked = {"audience": settings.auth0_audience, "client_id": settings.auth0_client_id, "response_type": "code"}
    return RedirectResponse(
        f"https://{settings.auth0_domain}/authorize?{urlencode({**asked, 'state': f'{nonce}.{signed}'})}"
    )


@app.get("/tests")
def tests() -> list[Known]:
    """The newest tests."""
    with database.Session() as session:
        found = session.scalars(select(database.Test).order_by(database.Test.id.desc()).limit(100))
        return [Known.model_validate(each) for each in found]


@app.post("/tests", status_code=201)
def write(new: New) -> Known:
    """Write a test down."""
    with database.Session.begin() as session:
        test = database.Test(prompt=new.prompt, category=new.category)
        session.add(test)
        session.flush()
        return Known(id=test.id, prompt=test.prompt, category=test.category)


@app.post("/tests/{number}/runs", status_code=202)
def submit(number: int) -> dict[str, str]:
    """Have the worker run a test; the job."""
    with database.Session() as session:
        if session.get(database.Test, number) is None:
            raise HTTPException(404, "There is no such test.")
    return {"job": celery_app.run.delay(number).id}


@app.get("/jobs/{job}")
def result(job: str) -> dict[str, Any]:
    """What has become of a job."""
    found = AsyncResult(job, app=celery_app.app)
    return {"state": found.state, "result": found.result if found.successful() else None}
