"""What doctor says of Google Cloud: what is missing, the command that mends it, and what is worth knowing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.target.cloudrun.absent import missing
from tasks.target.cloudrun.running import LATEST
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import change, deployed, fleet, repository
from tests.target.cloudrun.project import Project

ONE = "web-00001-abc"
WHOLE = "HEALTH_PATH=/health\nPUBLIC=true\n"
WHO = "the credentials in use are CLOUDSDK_AUTH_ACCESS_TOKEN"


def found(of: Fleet) -> tuple[list[str], list[str]]:
    """What is needed, with what mends it, and what is worth knowing."""
    every = missing(of)
    needed = [f"{each.what}; {each.mend}" for each in every if each.needed]
    return needed, [each.what for each in every if not each.needed]


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_where_nothing_is_missing_the_credentials_are_named(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, WHOLE)
    deployed(gcp, of, ONE, "v1")
    gcp.forget()
    assert found(of) == ([], [WHO])
    assert {each.rpartition(".")[2] for each in gcp.methods()} <= {"get", "list", "testIamPermissions"}


def test_a_service_and_workers_that_are_not_there_yet_are_worth_knowing(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, f"{WHOLE}PROCESS_MAIL=python mail.py\n")
    assert found(of) == ([], [WHO, f"there is no service web in {gcp.region} yet; the first deploy makes it"])
    deployed(gcp, of, ONE, "v1")
    assert found(of) == ([], [WHO, "there is no worker pool web-mail yet; a deploy makes it"])


def test_traffic_that_is_not_pinned_by_name_is_worth_knowing(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, WHOLE)
    deployed(gcp, of, ONE, "v1")
    change(of, traffic=[run_v2.TrafficTarget(type_=LATEST, percent=100)])
    needed, known = found(of)
    assert needed == []
    assert known[1].startswith(f"the traffic of web: {ONE} 100 %: it follows the latest revision")


def test_secrets_that_are_not_there_or_not_enabled_are_told(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, f"{WHOLE}SECRET_A=there\nSECRET_B=nowhere\nSECRET_C=there:7\nSECRET_D=off\n")
    gcp.secrets.add("there", "x")
    gcp.secrets.add("off", "x")
    gcp.secrets.turn("off", "DISABLED")
    deployed(gcp, of, ONE, "v1")
    needed, _ = found(of)
    assert needed == [
        f"SECRET_B: there is no version latest of a secret nowhere in project {gcp.project}; "
        f"gcloud secrets create nowhere --project={gcp.project} --data-file=FILE",
        f"SECRET_C: there is no version 7 of a secret there in project {gcp.project}; "
        f"gcloud secrets versions list there --project={gcp.project}",
        "SECRET_D: version latest of secret off is disabled; "
        f"gcloud secrets versions enable latest --secret=off --project={gcp.project}",
    ]


def test_secrets_that_may_not_be_looked_at_stop_nothing(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, f"{WHOLE}SECRET_A=there\n")
    gcp.deny("secretmanager.*")
    needed, known = found(of)
    assert needed == []
    assert "SECRET_A: whether secret there is there is not known, as it may not be looked at" in known


def test_a_permission_that_a_deploy_needs_is_named_with_the_role(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, WHOLE)
    deployed(gcp, of, ONE, "v1")
    gcp.deny("run.services.update")
    needed, _ = found(of)
    assert needed == [
        "these credentials lack run.services.update on web; "
        f"gcloud projects add-iam-policy-binding {gcp.project} --member=… --role=roles/run.developer"
    ]


def test_a_log_that_cannot_be_read_is_worth_knowing(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, WHOLE)
    gcp.deny("logging.*")
    needed, known = found(of)
    assert needed == []
    assert any(each.startswith("the log cannot be read: Google denies ") for each in known)


def test_what_google_does_not_answer_is_told_once(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, WHOLE)
    gcp.deny("run.*")
    needed, _ = found(of)
    assert len(needed) == 1
    assert needed[0].startswith("Google denies run.services.get")


def test_no_credentials_are_told_once(tmp_path: Path, gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    of = fleet(gcp, tmp_path, f"{WHOLE}SECRET_A=there\n")
    for api in ("RUN", "LOGGING", "SECRETMANAGER"):
        monkeypatch.setenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}", "https://127.0.0.1:1/")
    monkeypatch.delenv("CLOUDSDK_AUTH_ACCESS_TOKEN")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    needed, known = found(of)
    assert (len(needed), known) == (1, [])
    assert needed[0].startswith("There are no Google credentials to use (")


def test_a_job_of_somebody_else_is_in_the_way_of_migrations(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, f"{WHOLE}RELEASE_COMMAND=python migrate.py\n")
    foreign = run_v2.Job(template={"template": {"containers": [{"image": "docker.io/library/python"}]}})
    of.clients.jobs.create_job(parent=of.clients.parent, job=foreign, job_id="web-once")
    needed, _ = found(of)
    assert needed == ["there is a job web-once that Dockyard did not make; rename it: commands would run in it"]


def test_images_of_another_region_and_checks_that_are_not_set_are_worth_knowing(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    of = Fleet(of.clients, replace(of.environment, image="us-central1-docker.pkg.dev/p/r/web"))
    known = found(of)[1]
    assert f"the images come from us-central1, the service runs in {gcp.region}" in known
    assert "neither HEALTH_PATH nor a CHECK_* is set: that the service answers stays unverified" in known
    elsewhere = Fleet(of.clients, replace(of.environment, image="docker.io/library/web"))
    assert (
        "docker.io/library/web is not in Artifact Registry: Cloud Run pulls it only where it is public"
        in (found(elsewhere)[1])
    )


def test_the_verb_tells_that_version_pin_and_service_agree(web: Project) -> None:
    web.set(VERSION_FROM="changelog", TAG="v{version}", HEALTH_PATH="/health")
    (web.root / "CHANGELOG.md").write_text("# Changes\n\n## 6.0.1\n", encoding="utf-8")
    web.deployed("v6.0.1")
    checks = {each["name"]: each for each in web.inv("doctor --json").document["checks"]}
    assert (checks["version"]["ok"], checks["version"]["detail"]) == (
        True,
        "6.0.1 by VERSION_FROM=changelog, v6.0.1 pinned, v6.0.1 deployed",
    )
    (web.root / "CHANGELOG.md").write_text("# Changes\n\n## 6.0.10\n", encoding="utf-8")
    checks = {each["name"]: each for each in web.inv("doctor --json").document["checks"]}
    assert checks["version"]["ok"] is None
    assert checks["version"]["detail"] == (
        "6.0.10 by VERSION_FROM=changelog, v6.0.1 pinned, v6.0.1 deployed: they do not agree; "
        "inv release --env=prod brings that up"
    )
    assert repository(web.cloud) == web.image
