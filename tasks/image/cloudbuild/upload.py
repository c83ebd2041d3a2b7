"""The source in Storage: under the name of its content, so that it is uploaded once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from ...errors import DockyardError, SettingError
from ...gcp.faults import denied, message, sentence
from . import Place, clients, packing
from .packing import Package

PART = 8 * 1024**2  # bytes; more is sent in parts, which a broken connection does not send again
IN_MEMORY = 32 * 1024**2  # bytes of an archive that are not written to a file


@dataclass(frozen=True)
class Source:
    """An archive in Storage, of one generation: nobody can put another in its place."""

    bucket: str
    name: str
    generation: int

    @property
    def message(self) -> Any:
        """As a build names it."""
        from google.cloud.devtools import cloudbuild_v1

        where = {"bucket": self.bucket, "object_": self.name, "generation": self.generation}
        return cloudbuild_v1.Source(storage_source=where)


def find(place: Place, package: Package) -> Source | None:
    """The package as it was uploaded before; None if it was not. Raises DockyardError.

    A bucket that nobody named must be the project's own: names are the whole world's, and this one can be guessed.
    """
    client = clients.objects(place.project)
    bucket = client.bucket(place.bucket)
    with told(place), ThreadPoolExecutor(1) as beside:
        own = beside.submit(owned, client, place)
        found = bucket.get_blob(package.name)
        if found is not None and own.result():
            return Source(place.bucket, package.name, int(found.generation))
    return None


def send(place: Place, package: Package) -> Source:
    """Upload a package; the bucket is made where nobody named one and there is none. Raises DockyardError."""
    from google.api_core.exceptions import PreconditionFailed

    client = clients.objects(place.project)
    bucket = client.bucket(place.bucket)
    with told(place), tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        if not owned(client, place):
            make(client, place)
        packing.pack(package, cast(Any, file))
        size = file.tell()
        file.seek(0)
        blob = bucket.blob(package.name, chunk_size=PART if size > PART else None)
        try:
            blob.upload_from_file(file, size=size, content_type="application/gzip", if_generation_match=0)
        except PreconditionFailed:  # another release of the same source was faster
            blob = bucket.get_blob(package.name)
        return Source(place.bucket, package.name, int(blob.generation))


def describe(place: Place) -> str:
    """The bucket, and what will be done about it. Raises DockyardError where it cannot be used."""
    client = clients.objects(place.project)
    with told(place):
        if place.given:
            client.get_bucket(place.bucket)
            return f"gs://{place.bucket}"
        return f"gs://{place.bucket}{'' if owned(client, place) else ', which the first build makes'}"


def owned(client: Any, place: Place) -> bool:
    """Whether the bucket is there and the project's own; one that the settings name is taken as it is."""
    if place.given:
        return True
    return any(each.name == place.bucket for each in client.list_buckets(prefix=place.bucket, max_results=20))


def make(client: Any, place: Place) -> None:
    """Make the bucket, where the builds run. Raises DockyardError if it is another project's."""
    from google.api_core.exceptions import Conflict

    try:
        client.create_bucket(place.bucket, location=None if place.location == "global" else place.location)
    except Conflict:
        if owned(client, place):  # another release was faster
            return
        raise DockyardError(
            f"The bucket {place.bucket} belongs to another project than {place.project}, and the source is not given "
            "to strangers: set BUILD_BUCKET to a bucket of your own."
        ) from None


@contextmanager
def told(place: Place) -> Iterator[None]:
    """Turn what Storage refuses into sentences."""
    from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, RetryError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except NotFound:
        raise SettingError(
            f"There is no bucket {place.bucket} (BUILD_BUCKET): type gcloud storage buckets create gs://{place.bucket} "
            f"--project={place.project}, or take BUILD_BUCKET out."
        ) from None
    except Forbidden as error:
        raise DockyardError(f"gs://{place.bucket}: {denied(message(error))}") from error
    except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
        raise DockyardError(sentence(error)) from error
    except (OSError, ValueError) as error:
        raise DockyardError(f"The source could not be uploaded to gs://{place.bucket}: {error}.") from error
