"""Manifests, and the index of several."""

from __future__ import annotations

import json

from tasks.image.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Manifest, digest_of, index_of


def made(content: bytes, media_type: str = DOCKER_MANIFEST) -> Manifest:
    return Manifest(digest_of(content), media_type, content)


def test_an_image_knows_its_config_and_blobs() -> None:
    document = {"config": {"digest": "sha256:c", "size": 10}, "layers": [{"digest": "sha256:l", "size": 90}]}
    manifest = made(json.dumps(document).encode())
    assert manifest.config == "sha256:c"
    assert manifest.blobs == {"sha256:c": 10, "sha256:l": 90}
    assert not manifest.is_index


def test_an_index_is_the_same_bytes_each_time() -> None:
    images = {"linux/amd64": made(b"a"), "linux/arm/v7": made(b"bb")}
    index = index_of(images)
    assert index == index_of(images)
    assert index.media_type == DOCKER_LIST
    assert index.digest == digest_of(index.content)
    assert index.document == {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST,
        "manifests": [
            {
                "mediaType": DOCKER_MANIFEST,
                "digest": digest_of(b"a"),
                "size": 1,
                "platform": {"os": "linux", "architecture": "amd64"},
            },
            {
                "mediaType": DOCKER_MANIFEST,
                "digest": digest_of(b"bb"),
                "size": 2,
                "platform": {"os": "linux", "architecture": "arm", "variant": "v7"},
            },
        ],
    }
    assert (index.is_index, index.config, index.platforms) == (True, "", (digest_of(b"a"), digest_of(b"bb")))


def test_an_index_of_oci_images_is_ocis() -> None:
    assert index_of({"linux/amd64": made(b"a", OCI_MANIFEST), "linux/arm64": made(b"b")}).media_type == OCI_INDEX


def test_attestations_are_no_platform() -> None:
    parts = [
        {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:b", "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    assert made(json.dumps({"manifests": parts}).encode(), OCI_INDEX).platforms == ("sha256:a",)
