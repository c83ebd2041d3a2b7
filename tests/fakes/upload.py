"""Puts small real images into a registry on loopback, without an engine."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from .images import CONFIG, INDEX, LAYER, MANIFEST, digest


def upload(address: str, tag: str, word: str, *, index: bool = True) -> str:
    """Push an image whose only layer is `word` to `HOST:PORT/REPOSITORY`; the digest that its tag has.

    With `index`, it is one of linux/amd64 and an attestation, as buildx pushes them.
    """
    entries = []
    for platform in ("amd64", "unknown"):
        config = {"architecture": platform, "os": "linux" if platform == "amd64" else "unknown"}
        blobs = [json.dumps({**config, "rootfs": {"type": "layers", "diff_ids": []}}).encode(), word.encode()]
        parts = [
            {"mediaType": kind, "digest": _blob(address, blob), "size": len(blob)}
            for kind, blob in zip((CONFIG, LAYER), blobs, strict=True)
        ]
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
        body = json.dumps(document).encode()
        entries.append({"mediaType": MANIFEST, "digest": digest(body), "size": len(body), "platform": config})
        _put(address, f"manifests/{digest(body) if index else tag}", body, MANIFEST)
        if not index:
            return digest(body)
    top = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    _put(address, f"manifests/{tag}", top, INDEX)
    return digest(top)


def _blob(address: str, content: bytes) -> str:
    host, _, name = address.partition("/")
    where = _asked(host, "POST", f"/v2/{name}/blobs/uploads/", b"", "")
    place = urlsplit(where)
    sign = "&" if place.query else ""
    path = f"{place.path}?{place.query}{sign}digest={digest(content)}"
    _asked(host, "PUT", path, content, "application/octet-stream")
    return digest(content)


def _put(address: str, path: str, content: bytes, kind: str) -> None:
    host, _, name = address.partition("/")
    _asked(host, "PUT", f"/v2/{name}/{path}", content, kind)


def _asked(host: str, method: str, path: str, content: bytes, kind: str) -> str:
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request(method, path, content, {"Content-Type": kind} if kind else {})
        reply = connection.getresponse()
        said = reply.read()
        assert reply.status < 300, f"{method} {path}: {reply.status} {said!r}"
        return reply.headers.get("Location", "")
    finally:
        connection.close()
