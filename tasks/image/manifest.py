"""Manifests and indexes: what a digest is the digest of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = (OCI_INDEX, DOCKER_LIST)
TYPES = (*INDEXES, OCI_MANIFEST, DOCKER_MANIFEST)


@dataclass(frozen=True)
class Manifest:
    """A manifest or an index as a registry holds it. `digest` is that of `content`."""

    digest: str
    media_type: str
    content: bytes

    @cached_property
    def document(self) -> dict[str, Any]:
        """The parsed JSON."""
        document: dict[str, Any] = json.loads(self.content)
        return document

    @property
    def is_index(self) -> bool:
        """Whether it names other manifests, one a platform."""
        return self.media_type in INDEXES

    @property
    def platforms(self) -> tuple[str, ...]:
        """The digests of an index's images; attestations (`unknown/unknown`) are none."""
        return tuple(
            each["digest"]
            for each in self.document.get("manifests", ())
            if each.get("platform", {}).get("os") != "unknown"
        )

    @property
    def config(self) -> str:
        """The digest of the image's config, which is its id on most engines; "" for an index."""
        return str(self.document.get("config", {}).get("digest", ""))

    @property
    def blobs(self) -> dict[str, int]:
        """Digest and compressed bytes of the config and each layer."""
        parts = (self.document.get("config"), *self.document.get("layers", ()))
        return {part["digest"]: int(part["size"]) for part in parts if part}


def digest_of(content: bytes) -> str:
    """`sha256:…` of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def index_of(manifests: Mapping[str, Manifest]) -> Manifest:
    """The index of several platforms' manifests, the same bytes each time.

    It is Docker's list if all of them are Docker's, else OCI's.
    """
    docker_only = all(each.media_type == DOCKER_MANIFEST for each in manifests.values())
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST if docker_only else OCI_INDEX,
        "manifests": [
            {
                "mediaType": each.media_type,
                "digest": each.digest,
                "size": len(each.content),
                "platform": dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False)),
            }
            for platform, each in manifests.items()
        ],
    }
    content = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    return Manifest(digest_of(content), str(document["mediaType"]), content)
