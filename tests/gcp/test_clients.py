"""The same code over REST and gRPC, with the token, over one channel."""

from __future__ import annotations

import pytest
from google.cloud import artifactregistry_v1, run_v2
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client

from tasks.errors import DockyardError
from tasks.gcp import clients
from tasks.gcp.credentials import TOKEN
from tasks.gcp.faults import told
from tests.fakes.gcp.cloud import Cloud

KINDS = {"rest": "rest", "grpc": "grpc"}


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_an_override_picks_the_transport_and_the_request_is_the_same(gcp: Cloud, gcp_transport: str) -> None:
    gcp.registry.add("apps")
    client = clients.make(artifactregistry_v1.ArtifactRegistryClient, "ARTIFACTREGISTRY")
    name = f"projects/{gcp.project}/locations/{gcp.region}/repositories/apps"
    assert client.get_repository(name=name).format_.name == "DOCKER"
    [call] = gcp.calls
    assert (call.transport, call.status, call.request) == (gcp_transport, 200, {"name": name})
    assert client.transport.kind == gcp_transport


def test_what_has_no_rest_gets_a_channel_without_tls(gcp: Cloud) -> None:
    client = clients.make(LoggingServiceV2Client, "LOGGING")
    assert client.transport.kind == "grpc"
    assert list(client.list_log_entries({"resource_names": [f"projects/{gcp.project}"]})) == []
    assert [each.transport for each in gcp.calls] == ["grpc"]


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_the_token_is_sent_over_both(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    gcp.registry.add("apps")
    monkeypatch.setenv(TOKEN, "another one")
    client = clients.make(artifactregistry_v1.ArtifactRegistryClient, "ARTIFACTREGISTRY")
    with pytest.raises(DockyardError, match="does not take the token"), told():
        client.get_repository(name=f"projects/{gcp.project}/locations/{gcp.region}/repositories/apps")
    assert gcp.calls[0].status == 401


@pytest.mark.parametrize("gcp_transport", ["grpc"])
def test_clients_of_one_api_share_a_channel(gcp: Cloud) -> None:
    before = len(clients._CHANNELS)
    for each in (run_v2.ServicesClient, run_v2.RevisionsClient, run_v2.ServicesClient):
        clients.make(each, "RUN")
    assert len(clients._CHANNELS) == before + 1


def test_in_production_it_is_grpc_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "a token")
    client = clients.make(run_v2.ServicesClient, "RUN")
    assert (client.transport.kind, client.transport.host) == ("grpc", "run.googleapis.com:443")
