"""The least that a deploy by run_v2 can be: `python minimal.py NAME IMAGE`, without a line of Dockyard.

It gets the service, updates it to the image with all of the traffic, waits, and reads back what serves. It probes,
verifies, records and undoes nothing. CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN=grpc://HOST:PORT says where Cloud Run is.
"""

from __future__ import annotations

import os
import sys

import grpc
from google.api_core.retry import Retry, if_exception_type
from google.cloud import run_v2
from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport

LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST


class NotYet(Exception):
    """The service is not ready."""


def main(name: str, image: str) -> None:
    """Deploy. Raises AssertionError where something else serves."""
    host = os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN"].removeprefix("grpc://")
    channel = grpc.insecure_channel(host)
    client = run_v2.ServicesClient(transport=ServicesGrpcTransport(host=host, channel=channel))
    service = client.get_service(name=name)
    service.template.containers[0].image = image
    service.template.revision = ""
    service.traffic = [
        run_v2.TrafficTarget(
            type_=run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST, percent=100
        )
    ]
    client.update_service(service=service)

    def ready() -> run_v2.Service:
        found = client.get_service(name=name)
        if found.reconciling or found.observed_generation != found.generation:
            raise NotYet
        return found

    served = Retry(if_exception_type(NotYet), initial=0.1, maximum=1.0, multiplier=1.5, timeout=120)(ready)()
    assert served.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED, served.terminal_condition
    assert served.template.containers[0].image == image
    (serving,) = [share for share in served.traffic_statuses if share.percent]
    assert serving.type_ == LATEST
    print(served.latest_ready_revision)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
