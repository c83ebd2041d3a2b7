"""How the backend starts in production: not without its database, and without reload or debugging."""

from __future__ import annotations

import logging
import os
import sys

import api

NEEDED = ("DATABASE_URL",)


def main() -> None:
    """Look whether all that is needed is set, then serve."""
    level = os.environ.get("LOG_LEVEL", "INFO").upper()
    logging.basicConfig(stream=sys.stdout, level=level, format="%(levelname)s %(message)s")
    absent = [name for name in NEEDED if not os.environ.get(name)]
    if absent:
        logging.error("not set: %s", ", ".join(absent))
        sys.exit(1)
    api.serve(int(os.environ.get("PORT", "8001")))


if __name__ == "__main__":
    main()
