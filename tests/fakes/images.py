"""Manifests with real digests: of images made up here, or read from a registry on loopback."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ACCEPT = ", ".join(
    (
        INDEX,
        MANIFEST,
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


def digest(text: str | bytes) -> str:
    """The `sha256:` digest of these bytes."""
    return "sha256:" + hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """The bytes of a manifest, with their type."""

    body: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return digest(self.body)

    @property
    def document(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def children(self) -> list[dict[str, Any]]:
        return list(self.document.get("manifests", []))


def made(word: str, platforms: tuple[str, ...] = ("linux/amd64",), *, index: bool = True) -> list[Manifest]:
    """The manifests of an image whose content is `word`: the index first, its children, then an attestation."""
    children, entries = [], []
    for platform in (*platforms, "unknown/unknown"):
        os, _, architecture = platform.partition("/")
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest(f"{word} {platform} config"), "size": 1500},
            "layers": [{"mediaType": LAYER, "digest": digest(f"{word} {platform} layer"), "size": 30_000_000}],
        }
        child = Manifest(json.dumps(document).encode(), MANIFEST)
        children.append(child)
        entry: dict[str, Any] = {"mediaType": MANIFEST, "digest": child.digest, "size": len(child.body)}
        entry["platform"] = {"os": os, "architecture": architecture}
        if os == "unknown":
            entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
        entries.append(entry)
    if not index:
        return children[:1]
    top = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    return [Manifest(top, INDEX), *children]


def pulled(address: str, reference: str) -> Manifest | None:
    """The manifest at `HOST:PORT/REPOSITORY`, by tag or digest; None where there is none."""
    host, _, name = address.partition("/")
    status, media_type, body = _get(host, f"/v2/{name}/manifests/{reference}")
    return Manifest(body, media_type) if status == 200 else None


def blob(address: str, wanted: str) -> dict[str, Any]:
    """A JSON blob, an image's configuration say; empty where there is none."""
    host, _, name = address.partition("/")
    status, _, body = _get(host, f"/v2/{name}/blobs/{wanted}")
    return dict(json.loads(body)) if status == 200 else {}


def tags(address: str) -> list[str]:
    """All tags of a repository of a registry."""
    host, _, name = address.partition("/")
    status, _, body = _get(host, f"/v2/{name}/tags/list")
    return list(json.loads(body).get("tags") or []) if status == 200 else []


def _get(host: str, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", path, headers={"Accept": ACCEPT})
        reply = connection.getresponse()
        return reply.status, reply.headers.get("Content-Type", ""), reply.read()
    finally:
        connection.close()


@dataclass
class Repository:
    """A repository of ECR: its own manifests, or those of the registry that it mirrors."""

    name: str
    mirrors: str = ""
    immutable: bool = False
    created: float = field(default_factory=time.time)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tagged: dict[str, str] = field(default_factory=dict)
    pushed: dict[str, float] = field(default_factory=dict)
    findings: dict[str, dict[str, int]] = field(default_factory=dict)
    said: dict[str, float] = field(default_factory=dict)  # push times that a test gave

    def find(self, reference: str) -> Manifest | None:
        """By tag or digest."""
        if not self.mirrors:
            return self.manifests.get(self.tagged.get(reference, reference))
        found = self.manifests.get(reference) or pulled(self.mirrors, reference)
        if found:
            self.manifests[found.digest] = found
            self.pushed.setdefault(found.digest, time.time())
        return found

    def tags(self) -> dict[str, str]:
        """Each tag's digest, as it is now."""
        if self.mirrors:
            seen = {tag: self.find(tag) for tag in tags(self.mirrors)}
            self.tagged = {tag: manifest.digest for tag, manifest in seen.items() if manifest}
        return self.tagged

    def size(self, manifest: Manifest) -> int:
        """Bytes of the layers and configuration, for an index those of its first image."""
        if manifest.children:
            child = self.find(manifest.children[0]["digest"])
            return self.size(child) if child else 0
        document = manifest.document
        return sum(int(each["size"]) for each in [document["config"], *document["layers"]])
