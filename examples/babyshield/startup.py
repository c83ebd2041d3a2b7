"""How the backend starts in development: with every request in the log, and without a database if there is none."""

from __future__ import annotations

import logging
import os
import sys

import api


def main() -> None:
    """Serve."""
    logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format="%(levelname)s %(message)s")
    if not os.environ.get("DATABASE_URL"):
        logging.warning("DATABASE_URL is not set; searching the built-in recalls")
    api.serve(int(os.environ.get("PORT", "8001")))


if __name__ == "__main__":
    main()
