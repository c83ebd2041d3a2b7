"""Images made by hand, layer by layer, and put into a registry: what no builder here makes."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tasks.image.manifest import OCI_INDEX, OCI_MANIFEST, Manifest, digest_of
from tasks.image.registry import Registry

LAYER = "application/vnd.oci.image.layer.v1.tar"


def layer(files: Mapping[str, bytes | None] | None = None, links: Mapping[str, str] | None = None) -> bytes:
    """A tar archive: files with their bytes, None for a directory, and hard links to them."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in (files or {}).items():
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            member.size = len(content or b"")
            tar.addfile(member, io.BytesIO(content or b""))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.LNKTYPE, target
            tar.addfile(member)
    return archive.getvalue()


def push(
    registry: Registry, tag: str, layers: Sequence[bytes], config: Mapping[str, Any] | None = None, kind: str = LAYER
) -> Manifest:
    """Put an image of these layers, as they are, under a tag; "" is none."""
    settings = json.dumps({"os": "linux", "architecture": "amd64", **(config or {})}).encode()
    parts = [upload(registry, each) for each in (settings, *layers)]
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **parts[0]},
        "layers": [{"mediaType": kind, **part} for part in parts[1:]],
    }
    return put(registry, document, tag)


def index(registry: Registry, **images: Manifest) -> Manifest:
    """Put an index of images by architecture, without a tag."""
    named = [
        {
            "mediaType": each.media_type,
            "digest": each.digest,
            "size": len(each.content),
            "platform": {"os": "unknown" if name == "unknown" else "linux", "architecture": name},
        }
        for name, each in images.items()
    ]
    return put(registry, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": named})


def put(registry: Registry, document: Mapping[str, Any], tag: str = "") -> Manifest:
    """Put a manifest, indented as Dockyard would not write it, under a tag, else only by its digest."""
    content = json.dumps(document, indent=3).encode()
    manifest = Manifest(digest_of(content), document["mediaType"], content)
    registry.put(manifest, tag or manifest.digest)
    return manifest


def upload(registry: Registry, content: bytes) -> dict[str, Any]:
    """Put a blob, and return its descriptor."""
    digest = digest_of(content)
    begun = registry.ask("POST", "blobs/uploads/")
    where = f"{begun.headers['Location']}&{urlencode({'digest': digest})}"
    put = registry.session.send("PUT", where, content=content)
    assert put.status == 201, put.data
    return {"digest": digest, "size": len(content)}
