"""The source in Storage."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from tasks.errors import DockyardError, SettingError
from tasks.image import Recipe
from tasks.image.cloudbuild import Place, packing, upload
from tests.fakes.gcp.cloud import Cloud

OWN = Place("test-project", "europe-west1", "test-project_cloudbuild")
NAMED = Place("test-project", "europe-west1", "mine", given=True)


@pytest.fixture
def package(tmp_path: Path) -> packing.Package:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return packing.of(Recipe(tmp_path / "Dockerfile", tmp_path))


def methods(gcp: Cloud) -> list[str]:
    return [call.method for call in gcp.calls]


def test_the_bucket_is_made_in_the_region_and_the_source_uploaded_once(gcp: Cloud, package: packing.Package) -> None:
    assert upload.find(OWN, package) is None
    sent = upload.send(OWN, package)
    bucket = gcp.storage.bucket(OWN.bucket)
    assert bucket.document("")["location"] == "EUROPE-WEST1"
    stored = bucket.objects[package.name]
    assert (sent.bucket, sent.name, sent.generation) == (OWN.bucket, package.name, stored.generation)
    assert gzip.decompress(stored.content)
    gcp.forget()
    assert upload.find(OWN, package) == sent
    assert sorted(methods(gcp)) == ["storage.buckets.list", "storage.objects.get"]


def test_who_is_slower_takes_what_was_uploaded_meanwhile(gcp: Cloud, package: packing.Package) -> None:
    assert upload.send(OWN, package) == upload.send(OWN, package)


def test_a_large_source_is_sent_in_parts(gcp: Cloud, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(upload.PART + 600_000))
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    package = packing.of(Recipe(tmp_path / "Dockerfile", tmp_path))
    upload.send(OWN, package)
    assert len(gcp.storage.bucket(OWN.bucket).objects[package.name].content) > upload.PART
    assert methods(gcp).count("storage.objects.insert") > 2


def test_a_bucket_of_another_project_gets_no_source(gcp: Cloud, package: packing.Package) -> None:
    gcp.storage.foreign.add(OWN.bucket)
    with pytest.raises(DockyardError, match="test-project_cloudbuild belongs to another project than test-project"):
        upload.send(OWN, package)
    assert "storage.objects.insert" not in methods(gcp)


def test_a_bucket_that_was_named_is_taken_as_it_is(gcp: Cloud, package: packing.Package) -> None:
    with pytest.raises(SettingError, match=r"There is no bucket mine \(BUILD_BUCKET\): type gcloud storage buckets"):
        upload.send(NAMED, package)
    gcp.storage.create("mine")
    gcp.forget()
    assert upload.send(NAMED, package).bucket == "mine"
    assert methods(gcp) == ["storage.objects.insert"]


def test_a_permission_that_lacks_is_said(gcp: Cloud, package: packing.Package) -> None:
    gcp.storage.create("mine")
    gcp.fault("storage", "objects", 403, "Permission 'storage.objects.create' denied on resource")
    with pytest.raises(DockyardError, match=r"gs://mine: Google denies storage\.objects\.create"):
        upload.send(NAMED, package)


def test_doctor_tells_which_bucket_it_will_be(gcp: Cloud) -> None:
    assert upload.describe(OWN) == "gs://test-project_cloudbuild, which the first build makes"
    gcp.storage.create(OWN.bucket)
    assert upload.describe(OWN) == "gs://test-project_cloudbuild"
    with pytest.raises(SettingError, match="There is no bucket mine"):
        upload.describe(NAMED)
