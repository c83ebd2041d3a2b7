"""The worker's jobs; the broker is a folder of the tmpfs."""

from __future__ import annotations

from pathlib import Path

from celery import Celery

QUEUE = Path("/tmp/queue")
QUEUE.mkdir(exist_ok=True)

app = Celery("jobs", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": QUEUE, "data_folder_out": QUEUE, "control_folder": QUEUE}


@app.task
def shout(text: str) -> None:
    print(f"job: {text.upper()}", flush=True)
