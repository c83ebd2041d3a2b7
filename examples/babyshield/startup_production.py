"""What gunicorn serves in production: nothing without its database, and neither reload nor debugging."""

from __future__ import annotations

import logging
import os
import sys

from api import app

__all__ = ["app"]

NEEDED = ("DATABASE_URL",)

logging.basicConfig(
    stream=sys.stdout, level=os.environ.get("LOG_LEVEL", "INFO").upper(), format="%(levelname)s %(message)s"
)
if absent := [name for name in NEEDED if not os.environ.get(name)]:
    raise RuntimeError(f"not set: {', '.join(absent)}")
