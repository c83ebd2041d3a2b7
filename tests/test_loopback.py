from __future__ import annotations

import http.server
import threading

import pytest

from tasks import loopback
from tasks.errors import DockyardError


def test_the_registrys_container() -> None:
    assert loopback.options("localhost:5000") == {
        "name": "dockyard-registry",
        "detach": True,
        "ports": {"5000/tcp": ("127.0.0.1", 5000)},
        "volumes": {"dockyard-registry": {"bind": "/var/lib/docker-registry", "mode": "rw"}},
        "restart_policy": {"Name": "unless-stopped"},
        "labels": {"dockyard.embedded": "registry"},
    }
    assert loopback.name("127.0.0.1:5001") == "dockyard-registry-5001"
    assert loopback.options("[::1]:5001")["ports"] == {"5000/tcp": ("::1", 5001)}


def test_a_port_that_is_no_registrys_is_a_sentence() -> None:
    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(403)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Site) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        with pytest.raises(DockyardError, match=rf"answers 403 at 127.0.0.1:{site.server_port} is no registry"):
            loopback.answers(f"127.0.0.1:{site.server_port}")
        site.shutdown()
