"""A service as Cloud Run tells of it: an API with a log router beside it, in a network, with a bucket mounted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from google.cloud import run_v2

from tasks import environment
from tasks.environment.settings import Environment
from tasks.target import Release

REPOSITORY = "europe-west3-docker.pkg.dev/p/r/api"
OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
NAME = "projects/p/locations/europe-west3/services/api"
SERVING = "api-00007-abc"
RELEASE = Release(
    REPOSITORY, NEW, tag="v2", git_sha="c0ffee", by="alice@example.com", at="2026-11-22T05:05:00Z", note="a, b"
)
SETTINGS = f"TARGET=cloudrun\nSERVICE=api\nIMAGE={REPOSITORY}\nPROJECT=p\nREGION=europe-west3\n"
BY_NAME = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST


def settings(root: Path, text: str = "") -> Environment:
    (root / "env").mkdir(exist_ok=True)
    (root / "env" / "prod.env").write_bytes((SETTINGS + text).encode())
    return environment.load(root, "prod")


def variable(name: str, value: str) -> run_v2.EnvVar:
    return run_v2.EnvVar(name=name, value=value)


def reference(name: str, secret: str, version: str = "latest") -> run_v2.EnvVar:
    key = run_v2.SecretKeySelector(secret=secret, version=version)
    return run_v2.EnvVar(name=name, value_source=run_v2.EnvVarSource(secret_key_ref=key))


def api(**changed: Any) -> run_v2.Container:
    """The service's own container, with all that Cloud Run fills in."""
    fields: dict[str, Any] = {
        "name": "api-1",
        "image": f"{REPOSITORY}@{OLD}",
        "env": [variable("MODE", "fast"), variable("DB_PASSWORD", "hunter2"), reference("TOKEN", "token")],
        "resources": run_v2.ResourceRequirements(
            limits={"cpu": "1000m", "memory": "512Mi"}, cpu_idle=True, startup_cpu_boost=True
        ),
        "ports": [run_v2.ContainerPort(name="http1", container_port=8080)],
        "startup_probe": run_v2.Probe(
            timeout_seconds=240, period_seconds=240, failure_threshold=1, tcp_socket=run_v2.TCPSocketAction(port=8080)
        ),
        "volume_mounts": [run_v2.VolumeMount(name="assets", mount_path="/assets")],
    }
    return run_v2.Container({**fields, **changed})


def router() -> run_v2.Container:
    return run_v2.Container(name="router", image="fluent/fluent-bit:3", env=[variable("LEVEL", "info")])


def template(*containers: run_v2.Container, **changed: Any) -> run_v2.RevisionTemplate:
    fields: dict[str, Any] = {
        "revision": SERVING,
        "labels": {"team": "images"},
        "annotations": {"owner": "bob", "dockyard.tag": "v1", "dockyard.digest": OLD, "dockyard.by": "bob"},
        "scaling": run_v2.RevisionScaling(max_instance_count=5),
        "vpc_access": run_v2.VpcAccess(connector="projects/p/locations/europe-west3/connectors/c"),
        "timeout": timedelta(seconds=300),
        "service_account": "old@p.iam.gserviceaccount.com",
        "containers": list(containers) or [api()],
        "volumes": [run_v2.Volume(name="assets", gcs=run_v2.GCSVolumeSource(bucket="assets", read_only=True))],
        "execution_environment": run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2,
        "max_instance_request_concurrency": 80,
        "session_affinity": True,
    }
    return run_v2.RevisionTemplate({**fields, **changed})


def shared(revision: str, percent: int, tag: str = "", *, latest: bool = False) -> run_v2.TrafficTargetStatus:
    kind = LATEST if latest else BY_NAME
    return run_v2.TrafficTargetStatus(type_=kind, revision=revision, percent=percent, tag=tag)


def service(*statuses: run_v2.TrafficTargetStatus, **changed: Any) -> run_v2.Service:
    """The service as it is read; all of the traffic goes to its latest revision, by name, unless statuses say else."""
    traffic = list(statuses) or [shared(SERVING, 100)]
    fields: dict[str, Any] = {
        "name": NAME,
        "uid": "6f2c",
        "generation": 7,
        "observed_generation": 7,
        "labels": {"cost": "web"},
        "annotations": {"owner": "bob"},
        "client": "gcloud",
        "client_version": "550.0.0",
        "ingress": run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER,
        "binary_authorization": run_v2.BinaryAuthorization(use_default=True),
        "template": template(),
        "traffic": [
            run_v2.TrafficTarget(
                type_=each.type_, revision="" if each.type_ == LATEST else each.revision, percent=each.percent
            )
            for each in traffic
        ],
        "traffic_statuses": traffic,
        "terminal_condition": run_v2.Condition(type_="Ready"),
        "latest_created_revision": f"{NAME}/revisions/{SERVING}",
        "latest_ready_revision": f"{NAME}/revisions/{SERVING}",
        "uri": "https://api-x.a.run.app",
        "urls": ["https://api-x.a.run.app"],
        "etag": '"7"',
    }
    return run_v2.Service({**fields, **changed})
