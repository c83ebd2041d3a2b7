"""What Google's published documents do not allow is refused, whatever it is and whichever way it comes."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from .asking import IMAGE, ask, services, template
from .cloud import Cloud
from .errors import Refused

PARENT = "/v2/projects/test-project/locations/europe-west1"
SERVICES = f"{PARENT}/services"
GOOD: dict[str, Any] = {"template": {"containers": [{"image": IMAGE}]}}

WRONG = [
    ({"templates": {}}, 'Unknown name "templates": Cannot find field.'),
    ({"template": {"container": []}}, "Unknown name \"container\" at 'template': Cannot find field."),
    ({"template": {"containers": [{"imagee": "x"}]}}, "Unknown name \"imagee\" at 'template.containers[0]'"),
    ({"ingress": "ALL"}, "Invalid value at 'ingress' (one of INGRESS_TRAFFIC_UNSPECIFIED, "),
    ({"template": {"timeout": "5m"}}, "Invalid value at 'template.timeout' (google-duration), \"5m\""),
    ({"template": {"timeout": 300}}, "Invalid value at 'template.timeout' (a string), 300"),
    ({"invokerIamDisabled": "yes"}, "Invalid value at 'invokerIamDisabled' (true or false), \"yes\""),
    ({"traffic": [{"percent": "half"}]}, "Invalid value at 'traffic[0].percent' (int32), \"half\""),
    ({"traffic": [{"percent": 2**31}]}, "Invalid value at 'traffic[0].percent' (int32), 2147483648"),
    ({"traffic": {}}, "Invalid value at 'traffic' (a list), {}"),
    ({"labels": {"a": 1}}, "Invalid value at 'labels.a' (a string), 1"),
    ({"template": "x"}, "Invalid value at 'template' (an object), \"x\""),
]


@pytest.mark.parametrize(("body", "message"), WRONG)
def test_a_body_that_the_document_does_not_allow_is_refused(gcp: Cloud, body: dict[str, Any], message: str) -> None:
    status, found = ask(gcp, "POST", f"{SERVICES}?serviceId=web", {**GOOD, **body})
    assert (status, found["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert message in found["error"]["message"]
    assert gcp.run.services == {}


@pytest.mark.parametrize(
    "query", ["serviceId=web&dryRun=true", "serviceId=web&validateOnly=perhaps", "serviceId=a&serviceId=b"]
)
def test_a_query_parameter_that_the_document_does_not_allow_is_refused(gcp: Cloud, query: str) -> None:
    status, found = ask(gcp, "POST", f"{SERVICES}?{query}", GOOD)
    assert (status, found["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/v1/projects/p/locations/l/services/web"),
        ("GET", "/v2/projects/p/services/web"),
        ("PUT", f"{SERVICES}/web"),
        ("POST", f"{SERVICES}/web:rollback"),
        ("GET", f"{SERVICES}/web/revision/web-1"),
    ],
)
def test_a_path_that_no_method_has_is_not_found(gcp: Cloud, verb: str, path: str) -> None:
    assert ask(gcp, verb, path)[0] == 404


def test_a_method_without_a_body_takes_none(gcp: Cloud) -> None:
    assert ask(gcp, "GET", f"{SERVICES}/web", {"a": 1})[0] == 400


def test_null_stands_for_a_message_that_is_not_there(gcp: Cloud) -> None:
    body = {"template": {"containers": [{"image": IMAGE}], "vpcAccess": None}, "scaling": None}
    assert ask(gcp, "POST", f"{SERVICES}?serviceId=web", body)[0] == 200


def test_a_method_that_the_fake_does_not_have_says_so(gcp: Cloud) -> None:
    status, found = ask(gcp, "GET", f"{PARENT}/instances")
    assert status == 501
    assert found["error"]["message"] == "The fake has no run.projects.locations.instances.list."


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_an_enum_number_that_does_not_exist_is_refused(gcp: Cloud) -> None:
    service = run_v2.Service(template=template())
    run_v2.Service.pb(service).ingress = 99
    with pytest.raises(exceptions.BadRequest, match="ingress"):
        services().create_service(parent=gcp.run.parent, service_id="web", service=service)


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_enums_arrive_by_name(gcp: Cloud) -> None:
    ingress = run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
    service = run_v2.Service(template=template(), ingress=ingress)
    services().create_service(parent=gcp.run.parent, service_id="web", service=service)
    assert gcp.calls[-1].request["body"]["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"


@pytest.mark.parametrize("gcp_transport", ["grpc"])
def test_over_grpc_a_name_that_no_method_has_is_refused(gcp: Cloud) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        services().get_service(name="services/web")


@pytest.mark.parametrize("gcp_transport", ["grpc"])
def test_over_grpc_a_mask_that_is_none_is_refused(gcp: Cloud) -> None:
    service = run_v2.Service(name=f"{gcp.run.parent}/services/web", template=template())
    with pytest.raises(exceptions.InvalidArgument, match="updateMask"):
        services().update_service(request={"service": service, "update_mask": {"paths": ["1.x"]}})


@pytest.mark.parametrize("body", [{"tempalte": {}}, {"template": {"timeout": "5m"}}, {"ingress": "ALL"}])
def test_what_grpc_became_is_checked_as_rest_is(gcp: Cloud, body: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        gcp.answer("run", "POST", SERVICES, [("serviceId", "web")], {**GOOD, **body}, {}, "grpc")


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_both_transports_are_the_same_calls(gcp: Cloud) -> None:
    client = services()
    client.create_service(parent=gcp.run.parent, service_id="web", service=run_v2.Service(template=template()))
    client.get_service(name=f"{gcp.run.parent}/services/web")
    assert [(each.method, each.request) for each in gcp.calls] == [
        ("run.projects.locations.services.create", {"parent": gcp.run.parent, "serviceId": "web", "body": GOOD}),
        ("run.projects.locations.services.get", {"name": f"{gcp.run.parent}/services/web"}),
    ]
