"""A plan of what serves is empty, whichever way it came to serve."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import run_v2

from tasks.target.cloudrun import desired
from tasks.target.cloudrun.clients import Clients

from .project import Project
from .sample import LATEST

pytestmark = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


def planned(web: Project) -> list[dict[str, Any]]:
    found = web.inv("deploy.plan --json")
    changes: list[dict[str, Any]] = found.document["changes"]
    assert found.code == (2 if changes else 0), found.err
    return changes


def test_what_was_deployed_or_rolled_back_to_is_planned_as_no_change(web: Project) -> None:
    web.set(ENV_A="1", CPU="2", MEMORY="1Gi", CONCURRENCY="7", MAX_INSTANCES="3", PROCESS_W="sleep 9", PORT="9000")
    first, _ = web.deployed("v1", "v2")
    assert planned(web) == []
    back = web.inv("rollback --json")
    assert (back.code, back.document["revision"]) == (0, first), back.err
    assert planned(web) == []
    web.set(ENV_A="2")
    assert [each["what"] for each in planned(web)] == [
        "IMAGE digest",
        "ENV_A",
        "traffic",
        "web-w IMAGE digest",
        "web-w ENV_A",
        "web-w instances",
    ]
    done = web.inv("deploy --json")
    assert (done.code, planned(web)) == (0, []), done.err


def test_what_the_settings_ask_for_anew_is_the_plan(web: Project) -> None:
    web.set(ENV_A="1")
    web.deployed("v1")
    web.set(ENV_A="2", MIN_INSTANCES="1")
    assert planned(web) == [
        {"what": "ENV_A", "before": "1", "after": "2"},
        {"what": "MIN_INSTANCES", "before": "0", "after": "1"},
    ]


def test_what_somebody_deployed_by_hand_counts_once_it_serves(web: Project) -> None:
    web.set(ENV_A="1")
    web.deployed("v1")
    clients = Clients(web.cloud.project, web.cloud.region)
    name = f"{clients.parent}/services/web"

    def by_hand(traffic: list[run_v2.TrafficTarget]) -> None:
        service = desired.sendable(clients.services.get_service(name=name))
        service.template.containers[0].env = [run_v2.EnvVar(name="A", value="9")]
        service.traffic = traffic or service.traffic
        clients.services.update_service(service=service)

    by_hand([])
    assert planned(web) == []
    by_hand([run_v2.TrafficTarget(type_=LATEST, percent=100)])
    latest = clients.services.get_service(name=name).latest_created_revision.rpartition("/")[2]
    assert planned(web) == [
        {"what": "ENV_A", "before": "9", "after": "1"},
        {"what": "traffic", "before": f"100 % latest: {latest}", "after": "100 % of the new revision"},
        {"what": "verified", "before": "no", "after": "yes"},
    ]
