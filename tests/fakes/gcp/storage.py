"""Cloud Storage: buckets and objects, their generations, checksums and preconditions."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import google_crc32c

from .errors import Refused, invalid
from .routing import part

if TYPE_CHECKING:
    from .cloud import Cloud

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
PRECONDITION = "At least one of the pre-conditions you specified did not hold."
DEFAULT_TYPE = "application/octet-stream"


@dataclass
class Object:
    """An object's bytes and its generation; `more` is what its uploader said about it."""

    bucket: str
    name: str
    content: bytes
    generation: int
    created: float
    more: dict[str, Any] = field(default_factory=dict)
    metageneration: int = 1

    @property
    def crc32c(self) -> str:
        return base64.b64encode(int(google_crc32c.value(self.content)).to_bytes(4, "big")).decode()

    @property
    def md5(self) -> str:
        return base64.b64encode(hashlib.md5(self.content, usedforsecurity=False).digest()).decode()

    def document(self, url: str) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "contentType": DEFAULT_TYPE,
            "storageClass": "STANDARD",
            **self.more,
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "selfLink": f"{url}/storage/v1/b/{self.bucket}/o/{self.name.replace('/', '%2F')}",
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "size": str(len(self.content)),
            "md5Hash": self.md5,
            "crc32c": self.crc32c,
            "etag": base64.b64encode(str(self.generation).encode()).decode(),
            "timeCreated": stamp(self.created),
            "updated": stamp(self.created),
        }


@dataclass
class Bucket:
    """A bucket: what its creator said, and its objects by name."""

    name: str
    created: float
    more: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Object] = field(default_factory=dict)

    def document(self, url: str) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "location": "US",
            "storageClass": "STANDARD",
            **self.more,
            "kind": "storage#bucket",
            "id": self.name,
            "name": self.name,
            "selfLink": f"{url}/storage/v1/b/{self.name}",
            "projectNumber": "123456789012",
            "metageneration": "1",
            "etag": "CAE=",
            "locationType": "region" if "-" in self.more.get("location", "US") else "multi-region",
            "timeCreated": stamp(self.created),
            "updated": stamp(self.created),
        }


@part("storage")
class Storage:
    """The buckets of one project. `foreign` are names that somebody else's project has: nobody gets them here."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.buckets: dict[str, Bucket] = {}
        self.foreign: set[str] = set()
        self.sessions: dict[str, Any] = {}  # resumable uploads that are under way
        self.lock = threading.RLock()
        self._generation = 0

    @property
    def url(self) -> str:
        return str(self.cloud.at("storage", "rest"))

    def bucket(self, name: str) -> Bucket:
        """A bucket. Raises Refused."""
        if name in self.foreign:
            raise Refused(403, "forbidden", f"The caller does not have storage.buckets.get access to {name}.")
        if name not in self.buckets:
            raise Refused(404, "notFound", "The specified bucket does not exist.")
        return self.buckets[name]

    def object(self, bucket: str, name: str, generation: int = 0) -> Object:
        """An object, of one generation if it says which. Raises Refused."""
        found = self.bucket(bucket).objects.get(name)
        if found is None or generation not in (0, found.generation):
            raise Refused(404, "notFound", f"No such object: {bucket}/{name}")
        return found

    def create(self, name: str, **more: Any) -> Bucket:
        """A new bucket. Raises Refused."""
        if not NAME.fullmatch(name):
            raise invalid(f"Invalid bucket name: '{name}'")
        with self.lock:
            if name in self.foreign:
                raise Refused(
                    409,
                    "conflict",
                    "The requested bucket name is not available. The bucket namespace is "
                    "shared by all users of the system. Please select a different name and try again.",
                )
            if name in self.buckets:
                raise Refused(
                    409,
                    "conflict",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                )
            if "location" in more:
                more["location"] = more["location"].upper()
            self.buckets[name] = Bucket(name, time.time(), more)
            return self.buckets[name]

    def put(self, bucket: str, name: str, content: bytes, params: dict[str, Any] | None = None, **more: Any) -> Object:
        """Store an object, over one of the same name unless a precondition of `params` forbids it. Raises Refused."""
        if not name or len(name.encode()) > 1024 or "\n" in name or "\r" in name:
            raise invalid(f"Invalid object name: {name!r}")
        with self.lock:
            held = self.bucket(bucket).objects
            self.check(held.get(name), params or {})
            self._generation = max(self._generation + 1, time.time_ns() // 1000)
            made = Object(bucket, name, content, self._generation, time.time(), more)
            for kind, own in (("crc32c", made.crc32c), ("md5Hash", made.md5)):
                if more.get(kind, own) != own:
                    raise invalid(f'Provided {kind} "{more[kind]}" doesn\'t match calculated {kind} "{own}".')
            held[name] = made
            return made

    def check(self, found: Object | None, params: dict[str, Any]) -> None:
        """Hold the preconditions of a request against an object. Raises Refused."""
        generation = found.generation if found else 0
        meta = found.metageneration if found else 0
        given = {name: int(value) for name, value in params.items() if name.startswith("if")}
        if (
            given.get("ifGenerationMatch", generation) != generation
            or given.get("ifMetagenerationMatch", meta) != meta
            or ("ifGenerationNotMatch" in given and given["ifGenerationNotMatch"] == generation)
            or ("ifMetagenerationNotMatch" in given and given["ifMetagenerationNotMatch"] == meta)
        ):
            raise Refused(412, "conditionNotMet", PRECONDITION)

    def delete(self, bucket: str, name: str, params: dict[str, Any]) -> None:
        """Delete an object. Raises Refused."""
        with self.lock:
            self.check(self.object(bucket, name, int(params.get("generation", 0))), params)
            del self.bucket(bucket).objects[name]


def stamp(seconds: float) -> str:
    """Seconds since 1970 as Storage writes them."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


from . import storage_methods, storage_uploads  # noqa: E402, F401 - they register what answers
