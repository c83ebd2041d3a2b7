"""A proxy on loopback: behind each tunnel through it, a plain server speaks TLS, with a certificate of its own."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests import server


@dataclass
class Tunnel:
    """What stands before `upstream`, with a certificate's file. `asked` are what was asked for, and by whom.

    With a `status` it lets nobody through.
    """

    upstream: str
    certificate: Path
    status: int = 200
    host: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answers for one `Tunnel`."""

    tunnel: Tunnel

    def do_CONNECT(self) -> None:
        self.tunnel.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_response(self.tunnel.status)
        self.end_headers()
        if self.tunnel.status != 200:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.tunnel.certificate)
        host, _, port = self.tunnel.upstream.partition(":")
        with (
            contextlib.suppress(OSError),
            context.wrap_socket(self.connection, server_side=True) as near,
            socket.create_connection((host, int(port))) as far,
        ):
            back = threading.Thread(target=self.pump, args=(far, near))
            back.start()
            self.pump(near, far)
            back.join()

    def pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def certify(folder: Path, name: str) -> Path:
    """A certificate that nobody signed, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / f"{name}.pem"
    file.write_bytes(key.private_bytes(pem, kind, serialization.NoEncryption()) + made.public_bytes(pem))
    return file


@contextmanager
def tunnelling(tunnel: Tunnel) -> Iterator[Tunnel]:
    """Let through until the block ends."""
    with server.serving(Handler, tunnel=tunnel) as tunnel.host:
        yield tunnel
