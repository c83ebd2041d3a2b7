"""Where each Google API is, by gcloud's own overrides."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tasks.errors import SettingError
from tasks.gcp.endpoints import HOSTS, Endpoint, endpoint


@pytest.mark.parametrize("api", HOSTS)
def test_google_s_own_over_tls_unless_something_else_is_said(api: str) -> None:
    assert endpoint(api) == Endpoint("https", f"{api.lower()}.googleapis.com")
    assert not endpoint(api).plain


@pytest.mark.parametrize(
    ("given", "found", "url", "plain"),
    [
        ("https://run.example.com/", Endpoint("https", "run.example.com"), "https://run.example.com", False),
        ("http://127.0.0.1:8080", Endpoint("http", "127.0.0.1:8080"), "http://127.0.0.1:8080", True),
        ("http://127.0.0.1:8080/", Endpoint("http", "127.0.0.1:8080"), "http://127.0.0.1:8080", True),
        (" grpc://localhost:9 ", Endpoint("grpc", "localhost:9"), "http://localhost:9", True),
    ],
)  # fmt: skip
def test_an_override_tells_host_and_transport(
    given: str, found: Endpoint, url: str, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", given)
    assert endpoint("RUN") == found
    assert (found.url, found.plain) == (url, plain)
    assert endpoint("LOGGING").host == "logging.googleapis.com"


@pytest.mark.parametrize("given", ["run.example.com", "ftp://host", "https://"])
def test_an_override_that_is_no_endpoint_is_said(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", given)
    with pytest.raises(SettingError) as caught:
        endpoint("RUN")
    assert caught.value.message == (
        f"CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN={given} is no endpoint; write https://HOST/ or http://HOST:PORT/."
    )


def test_google_s_packages_are_loaded_only_where_they_are_used() -> None:
    code = (
        "import sys, tasks.gcp.clients, tasks.gcp.credentials, tasks.gcp.endpoints, tasks.gcp.identity\n"
        "import tasks.image.artifact, tasks.image.catalog, tasks.image.registries, tasks.images\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('google', 'grpc')])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "[]\n"
