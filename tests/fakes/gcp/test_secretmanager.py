"""Secret Manager of the fake: versions, their states, and the names that Google gives."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import secretmanager_v1

from tasks.gcp import clients

from .cloud import Cloud

BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


def client() -> Any:
    return clients.make(secretmanager_v1.SecretManagerServiceClient, "SECRETMANAGER")


@BOTH
def test_the_latest_version_is_given_with_its_checksum(gcp: Cloud) -> None:
    gcp.secrets.add("key", "one")
    gcp.secrets.add("key", "zwei ä")
    found = client().access_secret_version(name=f"projects/{gcp.project}/secrets/key/versions/latest")
    assert found.name == f"projects/{gcp.number}/secrets/key/versions/2"
    assert found.payload.data.decode() == "zwei ä"
    assert found.payload.data_crc32c > 0
    first = client().access_secret_version(name=f"projects/{gcp.number}/secrets/key/versions/1")
    assert first.payload.data == b"one"
    assert gcp.secrets.value("key") == "zwei ä".encode()
    assert gcp.methods() == ["secretmanager.projects.secrets.versions.access"] * 2


@BOTH
def test_what_is_not_there_is_said_as_google_says_it(gcp: Cloud) -> None:
    gcp.secrets.add("key", "one")
    at = f"projects/{gcp.project}/secrets"
    with pytest.raises(exceptions.NotFound, match=r"Secret \[projects/123456789012/secrets/no\] not found"):
        client().get_secret(name=f"{at}/no")
    with pytest.raises(exceptions.NotFound, match=r"not found or has no versions"):
        client().access_secret_version(name=f"{at}/no/versions/latest")
    with pytest.raises(exceptions.NotFound, match=r"Secret Version \[.*/versions/7\] not found"):
        client().get_secret_version(name=f"{at}/key/versions/7")
    with pytest.raises(exceptions.PermissionDenied if gcp.calls[0].transport == "grpc" else exceptions.Forbidden):
        client().get_secret(name="projects/another/secrets/key")


@BOTH
def test_a_version_that_is_not_enabled_is_not_given(gcp: Cloud) -> None:
    gcp.secrets.add("key", "one")
    name = f"projects/{gcp.project}/secrets/key/versions/1"
    assert client().disable_secret_version(name=name).state.name == "DISABLED"
    with pytest.raises(exceptions.GoogleAPICallError, match=r"versions/1\] is in DISABLED state"):
        client().access_secret_version(name=name)
    assert client().enable_secret_version(name=name).state.name == "ENABLED"
    assert client().access_secret_version(name=name).payload.data == b"one"
    gcp.secrets.turn("key", "DESTROYED")
    with pytest.raises(exceptions.GoogleAPICallError, match="DESTROYED"):
        client().enable_secret_version(name=name)


@BOTH
def test_secrets_are_made_filled_listed_and_deleted(gcp: Cloud) -> None:
    parent = f"projects/{gcp.project}"
    asked = {"parent": parent, "secret_id": "key", "secret": {"replication": {"automatic": {}}, "labels": {"a": "b"}}}
    made = client().create_secret(asked)
    assert (made.name, dict(made.labels)) == (f"projects/{gcp.number}/secrets/key", {"a": "b"})
    with pytest.raises(exceptions.GoogleAPICallError, match="already exists"):
        client().create_secret(asked)
    added = client().add_secret_version(parent=f"{parent}/secrets/key", payload={"data": b"x"})
    assert added.name == f"projects/{gcp.number}/secrets/key/versions/1"
    with pytest.raises(exceptions.GoogleAPICallError, match="checksum"):
        client().add_secret_version(parent=f"{parent}/secrets/key", payload={"data": b"x", "data_crc32c": 1})
    for number in range(4):
        gcp.secrets.add(f"more-{number}", "x")
    pages = client().list_secrets({"parent": parent, "page_size": 2})
    assert [each.name.rpartition("/")[2] for each in pages] == ["key", *(f"more-{number}" for number in range(4))]
    versions = client().list_secret_versions(parent=f"{parent}/secrets/key")
    assert [each.name.rpartition("/")[2] for each in versions] == ["1"]
    client().delete_secret(name=f"{parent}/secrets/key")
    with pytest.raises(exceptions.NotFound):
        client().get_secret(name=f"{parent}/secrets/key")


def test_a_field_that_the_api_does_not_have_is_refused(gcp: Cloud) -> None:
    url = f"{gcp.at('secretmanager', 'rest')}/v1/projects/{gcp.project}/secrets?secretId=key"
    request = urllib.request.Request(url, json.dumps({"replication": {"automatic": {}}, "value": "x"}).encode())
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as reply:
        assert 'Unknown name "value"' in json.load(reply)["error"]["message"]
    assert gcp.secrets.held == {}
