"""The service as it is sent: whole, with its etag, and only what the settings name changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.target.cloudrun import desired
from tasks.target.cloudrun import template as built

from .sample import NAME, RELEASE, SERVING, service, settings, shared


def test_all_but_the_template_is_sent_back_without_what_only_cloud_run_says(tmp_path: Path) -> None:
    live = service(shared(SERVING, 80), shared("api-00006-xyz", 20, "old"))
    environment = settings(tmp_path, "ENV_A=1\n")
    assert desired.service(live, environment, RELEASE, revision="api-00008-new") == run_v2.Service(
        name=NAME,
        labels={"cost": "web"},
        annotations={"owner": "bob"},
        client="dockyard",
        ingress=live.ingress,
        binary_authorization=live.binary_authorization,
        template=built.wanted(live.template, environment, RELEASE, revision="api-00008-new"),
        traffic=live.traffic,
        etag='"7"',
    )
    assert live == service(shared(SERVING, 80), shared("api-00006-xyz", 20, "old"))


def test_without_a_name_the_revision_s_name_is_left_to_cloud_run(tmp_path: Path) -> None:
    assert desired.service(service(), settings(tmp_path), RELEASE).template.revision == ""


def test_a_service_that_is_not_there_is_its_template(tmp_path: Path) -> None:
    environment = settings(tmp_path)
    assert desired.service(None, environment, RELEASE, revision="api-00001-abc") == run_v2.Service(
        client="dockyard", template=built.wanted(None, environment, RELEASE, revision="api-00001-abc")
    )


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [("PUBLIC=true\n", False, True), ("PUBLIC=false\n", True, False), ("", True, True), ("", False, False)],
)
def test_public_turns_the_check_of_callers_off(tmp_path: Path, text: str, before: bool, after: bool) -> None:
    live = service(invoker_iam_disabled=before)
    assert desired.service(live, settings(tmp_path, text), RELEASE).invoker_iam_disabled is after


def test_what_this_sdk_does_not_know_is_sent_back(tmp_path: Path) -> None:
    unknown = b"\xc2\x3e\x03new"  # field 1000, as a newer Cloud Run would tell it over gRPC
    raw = run_v2.Service.serialize(service()) + unknown
    found = desired.service(run_v2.Service.deserialize(raw), settings(tmp_path), RELEASE)
    assert unknown in run_v2.Service.serialize(found)
