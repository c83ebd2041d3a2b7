"""What answers at the URL of every service."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler


class Application(BaseHTTPRequestHandler):
    """Says yes to everything."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer 200."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
