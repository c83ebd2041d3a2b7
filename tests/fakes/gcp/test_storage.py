"""Storage of the fake, as Google's own client speaks to it."""

from __future__ import annotations

import os
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client  # type: ignore[import-untyped]

from .cloud import Cloud

URL = "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"
MIB = 1024**2


@pytest.fixture
def client(gcp: Cloud) -> Any:
    options = {"api_endpoint": os.environ[URL]}
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return Client(gcp.project, nobody, client_options=options)


@pytest.fixture
def bucket(client: Any) -> Any:
    return client.create_bucket("test-project_cloudbuild", location="europe-west1")


def test_a_bucket_is_there_once_it_was_made_in_its_region(client: Any) -> None:
    with pytest.raises(exceptions.NotFound, match="The specified bucket does not exist"):
        client.get_bucket("b-1")
    client.create_bucket("b-1", location="europe-west1")
    assert client.get_bucket("b-1").location == "EUROPE-WEST1"
    assert [each.name for each in client.list_buckets()] == ["b-1"]
    with pytest.raises(exceptions.Conflict, match="you already own it"):
        client.create_bucket("b-1")


def test_a_name_that_another_project_has_is_refused(gcp: Cloud, client: Any) -> None:
    gcp.storage.foreign.add("taken")
    with pytest.raises(exceptions.Forbidden):
        client.get_bucket("taken")
    with pytest.raises(exceptions.Conflict, match="namespace is shared by all users"):
        client.create_bucket("taken")


@pytest.mark.parametrize("name", ["Large", "a b", "with/slash"])
def test_a_bucket_without_a_valid_name_is_refused(client: Any, name: str) -> None:
    with pytest.raises(exceptions.BadRequest, match="Invalid bucket name"):
        client.create_bucket(client.bucket(name, user_project=None))


def test_a_small_object_comes_back_as_it_was_sent(gcp: Cloud, bucket: Any) -> None:
    gcp.forget()
    blob = bucket.blob("source/a b&c.tgz")
    blob.upload_from_string(b"\r\n--boundary\r\n\x00", content_type="application/gzip")
    assert gcp.methods("storage") == ["storage.objects.insert"]
    assert gcp.storage.object(bucket.name, "source/a b&c.tgz").content == b"\r\n--boundary\r\n\x00"
    assert (blob.size, blob.content_type) == (15, "application/gzip")
    assert bucket.blob("source/a b&c.tgz").download_as_bytes() == b"\r\n--boundary\r\n\x00"


def test_a_large_object_is_sent_in_chunks(gcp: Cloud, bucket: Any, tmp_path: Any) -> None:
    content = os.urandom(9 * MIB)
    (tmp_path / "large").write_bytes(content)
    gcp.forget()
    bucket.blob("large", chunk_size=4 * MIB).upload_from_filename(tmp_path / "large")
    assert [call.status for call in gcp.calls] == [200, 308, 308, 200]
    assert gcp.storage.object(bucket.name, "large").content == content


def test_a_chunk_that_was_lost_is_sent_again(gcp: Cloud, bucket: Any, tmp_path: Any) -> None:
    content = os.urandom(9 * MIB)
    (tmp_path / "large").write_bytes(content)
    gcp.fault("storage", "insert", 503, after=2)
    bucket.blob("large", chunk_size=4 * MIB).upload_from_filename(tmp_path / "large")
    assert gcp.storage.object(bucket.name, "large").content == content


def test_ranges_of_a_growing_object_are_read(gcp: Cloud, bucket: Any) -> None:
    gcp.storage.put(bucket.name, "log-1.txt", b"one\n")
    assert bucket.blob("log-1.txt").download_as_bytes(start=0, checksum=None) == b"one\n"
    with pytest.raises(exceptions.RequestRangeNotSatisfiable):
        bucket.blob("log-1.txt").download_as_bytes(start=4, checksum=None)
    gcp.storage.put(bucket.name, "log-1.txt", b"one\ntwo\n")
    assert bucket.blob("log-1.txt").download_as_bytes(start=4, checksum=None) == b"two\n"
    assert bucket.blob("log-1.txt").download_as_bytes(start=1, end=2, checksum=None) == b"ne"


def test_a_generation_that_was_overwritten_is_gone(gcp: Cloud, bucket: Any) -> None:
    gcp.storage.put(bucket.name, "log-1.txt", b"one\n")
    blob = bucket.get_blob("log-1.txt")
    gcp.storage.put(bucket.name, "log-1.txt", b"one\ntwo\n")
    with pytest.raises(exceptions.NotFound):
        blob.download_as_bytes()


def test_a_generation_that_has_to_match_guards_an_object(bucket: Any) -> None:
    blob = bucket.blob("once")
    blob.upload_from_string("first", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed, match="pre-conditions"):
        blob.upload_from_string("second", if_generation_match=0)
    blob.upload_from_string("third", if_generation_match=blob.generation)
    assert bucket.get_blob("once").download_as_text() == "third"
    with pytest.raises(exceptions.NotFound):
        bucket.blob("once", generation=1).download_as_bytes()


def test_objects_are_listed_by_prefix_in_pages_and_deleted(gcp: Cloud, bucket: Any) -> None:
    for name in ("source/a", "source/b", "source/c/d", "logs/e"):
        gcp.storage.put(bucket.name, name, b"")
    assert [each.name for each in bucket.list_blobs(prefix="source/", page_size=1)] == [
        "source/a",
        "source/b",
        "source/c/d",
    ]
    found = bucket.list_blobs(prefix="source/", delimiter="/")
    assert [each.name for each in found] == ["source/a", "source/b"]
    assert found.prefixes == {"source/c/"}
    bucket.blob("logs/e").delete()
    assert not bucket.blob("logs/e").exists()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/upload/storage/v1/b/b-1/o?uploadType=media&name=x&ifGenerationMach=0", "ifGenerationMach"),
        ("/upload/storage/v1/b/b-1/o?uploadType=media&name=x&ifGenerationMatch=zero", "ifGenerationMatch"),
        ("/upload/storage/v1/b/b-1/o?name=x", "uploadType"),
        ("/upload/storage/v1/b/b-1/o?uploadType=media", "Required parameter: name"),
        ("/storage/v1/b?project=test-project&predefinedAcl=everybody", "predefinedAcl"),
    ],
)
def test_what_the_document_does_not_allow_is_refused(gcp: Cloud, path: str, words: str) -> None:
    gcp.storage.create("b-1")
    reply = requests.post(os.environ[URL] + path, data=b"{}", timeout=5)
    assert reply.status_code == 400
    assert words in reply.text


def test_a_damaged_object_is_refused_and_the_one_before_stays(gcp: Cloud, bucket: Any) -> None:
    gcp.storage.put(bucket.name, "damaged", b"before")
    parts = [b'{"name": "damaged", "crc32c": "AAAAAA=="}', b"after"]
    body = b"".join(b"--=b=\r\ncontent-type: text/plain\r\n\r\n" + each + b"\r\n" for each in parts) + b"--=b=--"
    url = f"{os.environ[URL]}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart"
    headers = {"content-type": 'multipart/related; boundary="=b="'}
    reply = requests.post(url, data=body, headers=headers, timeout=5)
    assert (reply.status_code, "doesn't match calculated crc32c" in reply.text) == (400, True)
    assert gcp.storage.object(bucket.name, "damaged").content == b"before"
