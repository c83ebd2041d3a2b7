"""The worker: `celery -A rhesis.backend.celery_app worker --loglevel=info`."""

from __future__ import annotations

from celery import Celery

from . import database
from .settings import settings

app = Celery("rhesis", broker=settings.broker_url, backend=settings.celery_result_backend)
app.conf.update(broker_connection_retry_on_startup=True, task_acks_late=True, task_track_started=True)


@app.task(name="rhesis.run")
def run(test_id: int) -> dict[str, int]:
    """Run a test, here by counting its words, and keep what came of it."""
    with database.Session.begin() as session:
        test = session.get_one(database.Test, test_id)
        words = len(test.prompt.split())
        session.add(database.Run(test_id=test.id, words=words))
    return {"test": test_id, "words": words}
