"""What a deploy would change, by exact expected value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.errors import SettingError
from tasks.target import Change, Release
from tasks.target.cloudrun import desired, ledger, planning, pool
from tasks.target.cloudrun.service import Look

from .sample import NEW, OLD, RELEASE, REPOSITORY, SERVING, api, service, settings, shared, template

AT = "2026-11-21T00:00:00Z"
SAME = replace(RELEASE, digest=OLD)
BEFORE = "api-00006-xyz"
CELERY = ("celery", "worker")


def seen(
    live: run_v2.Service | None = None, *, verified: str = SERVING, pools: Mapping[str, run_v2.WorkerPool] | None = None
) -> Look:
    live = live or service()
    if verified:
        ledger.verified(live, verified, AT)
    return Look(live, pools or {})


def changes(
    root: Path,
    text: str = "",
    release: Release = SAME,
    look: Look | None = None,
    *,
    force: bool = False,
    filled: run_v2.Service | None = None,
) -> list[Change]:
    return planning.changes(settings(root, text), release, look or seen(), force=force, filled=filled)


def test_a_verified_release_that_serves_all_by_name_changes_nothing(tmp_path: Path) -> None:
    text = "ENV_MODE=fast\nMEMORY=512Mi\nCPU=1\nSECRET_TOKEN=token:latest\nMAX_INSTANCES=5\nPUBLIC=false\nPORT=8080\n"
    assert changes(tmp_path, text) == []


def test_another_digest_is_a_change(tmp_path: Path) -> None:
    assert changes(tmp_path, release=RELEASE) == [Change("IMAGE digest", OLD, NEW)]


def test_an_image_that_was_deployed_by_tag_is_a_change(tmp_path: Path) -> None:
    look = seen(service(template=template(api(image=f"{REPOSITORY}:v1"))))
    assert changes(tmp_path, look=look) == [Change("IMAGE digest", "v1", OLD)]


def test_what_was_never_verified_is_a_change(tmp_path: Path) -> None:
    assert changes(tmp_path, look=seen(verified="")) == [Change("verified", "no", "yes")]


def test_force_is_a_change(tmp_path: Path) -> None:
    assert changes(tmp_path, force=True) == [Change("revision", SERVING, "new (forced)")]


def test_public_is_a_change_of_the_service(tmp_path: Path) -> None:
    assert changes(tmp_path, "PUBLIC=true\n") == [Change("PUBLIC", "false", "true")]


@pytest.mark.parametrize(
    ("statuses", "before"),
    [
        ([shared(BEFORE, 100)], f"100 % {BEFORE}"),
        ([shared(SERVING, 80), shared(BEFORE, 20)], f"80 % {SERVING}, 20 % {BEFORE}"),
        ([shared(SERVING, 100, latest=True)], f"100 % latest: {SERVING}"),
        ([shared("", 100, latest=True)], f"100 % latest: {SERVING}"),
    ],
)
def test_traffic_that_is_pinned_elsewhere_or_to_the_latest_is_a_change(
    tmp_path: Path, statuses: list[run_v2.TrafficTargetStatus], before: str
) -> None:
    look = seen(service(*statuses))
    ledger.verified(look.service or run_v2.Service(), BEFORE, AT)
    assert changes(tmp_path, look=look) == [Change("traffic", before, "100 % of the new revision")]


def test_a_tag_without_traffic_is_no_change(tmp_path: Path) -> None:
    assert changes(tmp_path, look=seen(service(shared(SERVING, 100), shared(BEFORE, 0, "staging")))) == []


def rolled_back(root: Path, text: str = "", digest: str = OLD) -> Look:
    """A look after a rollback: an older revision has all of the traffic, and the template is the newer one's."""
    live = service(shared(BEFORE, 100), template=template(api(image=f"{REPOSITORY}@{NEW}")))
    ledger.verified(live, BEFORE, AT, digest=digest, spec=ledger.asked(settings(root, text)))
    return Look(live)


def test_what_a_rollback_left_serving_is_kept_where_it_is_this_release(tmp_path: Path) -> None:
    assert changes(tmp_path, "ENV_A=1\n", look=rolled_back(tmp_path, "ENV_A=1\n")) == []


@pytest.mark.parametrize(("text", "digest"), [("ENV_A=2\n", OLD), ("ENV_A=1\n", NEW)])
def test_what_a_rollback_left_serving_goes_where_it_is_another_release(tmp_path: Path, text: str, digest: str) -> None:
    found = changes(tmp_path, text, look=rolled_back(tmp_path, "ENV_A=1\n", digest))
    assert found == [
        Change("IMAGE digest", NEW, OLD),
        Change("ENV_A", "", text[-2]),
        Change("traffic", f"100 % {BEFORE}", "100 % of the new revision"),
    ]


def test_a_first_deploy_is_new_with_all_that_the_settings_name(tmp_path: Path) -> None:
    text = "ENV_A=1\nPUBLIC=true\nPROCESS_MAIL_QUEUE=celery worker\n"
    found = changes(tmp_path, text, RELEASE, Look(None))
    assert found == [
        Change("revision", "none", "new"),
        Change("IMAGE", "", REPOSITORY),
        Change("IMAGE digest", "", NEW),
        Change("ENV_A", "", "1"),
        Change("resources.startupCpuBoost", "false", "true"),
        Change("PUBLIC", "", "true"),
        Change("api-mail-queue", "none", "new"),
    ]


def test_what_cloud_run_fills_in_is_planned_as_it_will_be(tmp_path: Path) -> None:
    filled = desired.service(service(), settings(tmp_path), SAME)
    filled.template.encryption_key = "projects/p/key"
    assert changes(tmp_path, filled=filled) == [Change("encryptionKey", "", "projects/p/key")]


def worker(root: Path, release: Release = SAME, of: str = SERVING) -> run_v2.WorkerPool:
    return pool.wanted(None, settings(root), release, "worker", CELERY, of=of, revision="api-worker-00001-abc")


def test_a_worker_s_changes_carry_the_name_of_its_pool(tmp_path: Path) -> None:
    text = "PROCESS_WORKER=celery worker\n"
    look = seen(pools={"worker": worker(tmp_path)})
    assert changes(tmp_path, text, look=look) == []
    assert changes(tmp_path, text) == [Change("api-worker", "none", "new")]
    assert changes(tmp_path, "PROCESS_WORKER=celery beat\n", RELEASE, look) == [
        Change("IMAGE digest", OLD, NEW),
        Change("api-worker IMAGE digest", OLD, NEW),
        Change("api-worker command", "celery worker", "celery beat"),
    ]


def test_a_worker_whose_instances_are_pinned_elsewhere_is_a_change(tmp_path: Path) -> None:
    live = worker(tmp_path)
    live.latest_created_revision = "projects/p/locations/l/workerPools/api-worker/revisions/api-worker-00002-abc"
    assert changes(tmp_path, "PROCESS_WORKER=celery worker\n", look=seen(pools={"worker": live})) == [
        Change("api-worker instances", "100 % api-worker-00001-abc", "100 % of the new revision")
    ]


@pytest.mark.parametrize(("of", "count"), [(BEFORE, 0), (SERVING, 1)])
def test_a_worker_that_went_back_with_its_service_is_kept(tmp_path: Path, of: str, count: int) -> None:
    text = "PROCESS_WORKER=celery worker\n"
    look = replace(rolled_back(tmp_path, text), pools={"worker": worker(tmp_path, RELEASE, of)})
    assert changes(tmp_path, text, look=look) == [Change("api-worker IMAGE digest", NEW, OLD)][:count]


def test_no_secret_is_in_a_plan(tmp_path: Path) -> None:
    found = changes(tmp_path, "ENV_DB_PASSWORD=hunter3\nENV_TOKEN=sk_live_hunter4x\n")
    assert [each.what for each in found] == ["ENV_DB_PASSWORD", "ENV_TOKEN", "SECRET_TOKEN"]
    assert "hunter" not in repr(found)


def test_what_cloud_run_would_refuse_is_refused_by_the_plan(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^env/prod\.env:6: MEMORY=8Gi needs at least CPU=2 on Cloud Run"):
        changes(tmp_path, "MEMORY=8Gi\n")
