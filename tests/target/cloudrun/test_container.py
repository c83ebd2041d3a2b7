"""The service's own container: its port, its startup probe, and Cloud SQL beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from tasks.errors import SettingError
from tasks.target.cloudrun import template as built

from .sample import RELEASE, REPOSITORY, api, router, settings, template


def wanted(root: Path, text: str, live: run_v2.RevisionTemplate | None = None) -> run_v2.RevisionTemplate:
    return built.wanted(live or template(), settings(root, text), RELEASE)


def http(path: str = "/health", port: int = 8080, **times: Any) -> run_v2.Probe:
    return run_v2.Probe(http_get=run_v2.HTTPGetAction(path=path, port=port), **times)


def test_port_moves_the_probes_that_ask_there_and_keeps_the_protocol(tmp_path: Path) -> None:
    live = api(
        ports=[run_v2.ContainerPort(name="h2c", container_port=8080)],
        liveness_probe=http("/live", 8080),
        readiness_probe=http("/ready", 9999),
    )
    found = wanted(tmp_path, "PORT=9000\n", template(live)).containers[0]
    assert list(found.ports) == [run_v2.ContainerPort(name="h2c", container_port=9000)]
    assert found.startup_probe.tcp_socket.port == 9000
    assert found.liveness_probe.http_get.port == 9000
    assert found.readiness_probe.http_get.port == 9999


def test_a_container_without_a_port_gets_one(tmp_path: Path) -> None:
    found = wanted(tmp_path, "PORT=8080\n", template(api(ports=[])))
    assert list(found.containers[0].ports) == [run_v2.ContainerPort(container_port=8080)]


def test_port_is_refused_where_another_container_gets_the_requests(tmp_path: Path) -> None:
    front = run_v2.Container(name="nginx", image="nginx:1", ports=[run_v2.ContainerPort(container_port=80)])
    with pytest.raises(SettingError) as failure:
        wanted(tmp_path, "PORT=9000\n", template(front, api(ports=[])))
    assert failure.value.message == (
        "env/prod.env:6: requests to api go to port 80 of its container nginx, so PORT sets nothing; remove it."
    )


@pytest.mark.parametrize(
    ("text", "period", "threshold"),
    [
        ("", 2, 30),
        ("HEALTH_TIMEOUT=30s\n", 2, 15),
        ("HEALTH_TIMEOUT=240s\n", 2, 120),
        ("HEALTH_TIMEOUT=3s\n", 2, 1),
        ("HEALTH_TIMEOUT=500ms\n", 1, 1),
    ],
)
def test_health_path_is_asked_every_two_seconds_for_as_long_as_health_timeout(
    tmp_path: Path, text: str, period: int, threshold: int
) -> None:
    found = wanted(tmp_path, f"HEALTH_PATH=/health\n{text}").containers[0].startup_probe
    assert found == http(period_seconds=period, timeout_seconds=period, failure_threshold=threshold)
    assert found.period_seconds * found.failure_threshold <= 240


def test_health_path_goes_to_the_port_that_the_settings_name(tmp_path: Path) -> None:
    assert wanted(tmp_path, "HEALTH_PATH=/h\nPORT=9000\n").containers[0].startup_probe.http_get.port == 9000


@pytest.mark.parametrize(("text", "threshold"), [("", 4), ("HEALTH_TIMEOUT=120s\n", 24)])
def test_a_probe_over_http_that_is_there_keeps_its_pace_and_headers(tmp_path: Path, text: str, threshold: int) -> None:
    header = run_v2.HTTPHeader(name="X-Probe", value="1")
    times = {"period_seconds": 5, "timeout_seconds": 4, "initial_delay_seconds": 3}
    live = http("/old", **times, failure_threshold=4)
    live.http_get.http_headers = [header]
    same = http("/health", **times, failure_threshold=threshold)
    same.http_get.http_headers = [header]
    found = wanted(tmp_path, f"HEALTH_PATH=/health\n{text}", template(api(startup_probe=live)))
    assert found.containers[0].startup_probe == same


def test_without_health_path_the_startup_probe_stays(tmp_path: Path) -> None:
    assert wanted(tmp_path, "HEALTH_TIMEOUT=30s\n").containers[0].startup_probe == api().startup_probe


def sql(name: str, *instances: str) -> run_v2.Volume:
    return run_v2.Volume(name=name, cloud_sql_instance=run_v2.CloudSqlInstance(instances=list(instances)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], sql("cloudsql", "p:r:db")),
        ([sql("db", "p:r:db", "p:r:two")], sql("db", "p:r:db", "p:r:two")),
        ([sql("db", "p:r:old")], sql("db", "p:r:db")),
        ([sql("db", "p:r:one", "p:r:two")], sql("db", "p:r:one", "p:r:two", "p:r:db")),
        ([run_v2.Volume(name="cloudsql", gcs=run_v2.GCSVolumeSource(bucket="b"))], sql("cloudsql-db", "p:r:db")),
    ],
)
def test_cloudsql_is_mounted_once_beside_the_other_volumes(
    tmp_path: Path, before: list[run_v2.Volume], after: run_v2.Volume
) -> None:
    kept = [each for each in before if "gcs" in each]
    live = template(api(volume_mounts=[]), router(), volumes=before)
    found = wanted(tmp_path, "CLOUDSQL=p:r:db\n", live)
    assert list(found.volumes) == [*kept, after]
    assert list(found.containers[0].volume_mounts) == [run_v2.VolumeMount(name=after.name, mount_path="/cloudsql")]
    assert not found.containers[1].volume_mounts
    assert wanted(tmp_path, "CLOUDSQL=p:r:db\n", found) == found


def test_a_service_that_was_never_there_gets_port_probe_and_database(tmp_path: Path) -> None:
    found = built.wanted(None, settings(tmp_path, "PORT=80\nHEALTH_PATH=/h\nCLOUDSQL=p:r:db\n"), RELEASE)
    assert list(found.containers) == [
        run_v2.Container(
            image=f"{REPOSITORY}@{RELEASE.digest}",
            ports=[run_v2.ContainerPort(container_port=80)],
            startup_probe=http("/h", 80, period_seconds=2, timeout_seconds=2, failure_threshold=30),
            resources=run_v2.ResourceRequirements(cpu_idle=True, startup_cpu_boost=True),
            volume_mounts=[run_v2.VolumeMount(name="cloudsql", mount_path="/cloudsql")],
        )
    ]
    assert list(found.volumes) == [sql("cloudsql", "p:r:db")]
