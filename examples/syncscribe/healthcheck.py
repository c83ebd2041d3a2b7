"""Asks the service in the same container for its health: `curl -f http://localhost:$PORT/health` without curl."""

from __future__ import annotations

import os
import urllib.request

with urllib.request.urlopen(f"http://localhost:{os.environ.get('PORT', '8080')}/health", timeout=10):
    pass
