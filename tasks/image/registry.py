"""A repository of an OCI registry: manifests and digests, read back and compared with their bytes."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Generator, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from ..errors import DockyardError
from . import artifact, ecr
from .credentials import Challenged, Credentials, denied
from .manifest import TYPES, Manifest, digest_of
from .reference import DIGEST, Repository, parse
from .session import Session, following_page, reason
from .tag import INPUTS, following

ACCEPT = ", ".join(TYPES)  # without them HEAD answers the digest of a schema1 manifest
BUSY = (429, 502, 503, 504)
PAUSES = (0.5, 2.0)  # seconds before another try where the registry is busy
IMMUTABLE = re.compile(r"tag invalid|TAG_INVALID|ImageTagAlreadyExists|\bimmutab(?:le|ility)\b")  # of ECR and Google
PART = 1 << 18  # bytes of a blob at once


class Registry:
    """One repository: `Registry("127.0.0.1:5000/team/api")`. Every method raises DockyardError in one sentence."""

    def __init__(self, image: str, region: str = "") -> None:
        """`region` lets a registry on loopback be ECR, as `ecr.place` says."""
        self.repository = parse(image)
        self.region = region
        self.auth = Challenged(self.repository, region)
        self.session = Session(self.auth)
        self._known: dict[str, Manifest] = {}  # by digest, which never changes
        self._configs: dict[str, dict[str, Any]] = {}  # by digest

    def digest(self, reference: str) -> str:
        """What a tag names, by HEAD; "" if it names nothing."""
        response = self.ask("HEAD", f"manifests/{reference}", headers={"Accept": ACCEPT})
        if response.status == HTTPStatus.NOT_FOUND:
            return ""
        digest = response.headers.get("Docker-Content-Digest", "")
        if DIGEST.fullmatch(digest):
            return str(digest)
        found = self.manifest(reference)
        return found.digest if found else ""

    def manifest(self, reference: str) -> Manifest | None:
        """A tag's or digest's manifest, its digest computed from the bytes; None if there is none."""
        if reference in self._known:
            return self._known[reference]
        response = self.ask("GET", f"manifests/{reference}", headers={"Accept": ACCEPT})
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        digest = self._checked(response, reference if reference.startswith("sha256:") else "")
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if media_type not in TYPES:
            raise DockyardError(
                f"{self._name(reference)} is {media_type or 'of no type'}, no image of today's kind: "
                f"check that {self.repository.host} is a registry, or push the image anew under another tag."
            )
        self._known[digest] = Manifest(digest, media_type, response.data)
        return self._known[digest]

    def put(self, manifest: Manifest, tag: str) -> None:
        """Give a manifest a tag, byte for byte, and read it back."""
        response = self.ask(
            "PUT", f"manifests/{tag}", headers={"Content-Type": manifest.media_type}, content=manifest.content
        )
        if response.status != HTTPStatus.CREATED:
            raise DockyardError(f"{self._name(tag)} was not taken: {said(response)}")
        digest = self.digest(tag)
        if digest != manifest.digest:
            raise DockyardError(
                f"{self._name(tag)} names {digest or 'nothing'} after it was set to {manifest.digest}: "
                "somebody else moves it; type the command again."
            )

    def tags(self) -> list[str]:
        """Every tag, in the registry's order."""
        found: list[str] = []
        path = "tags/list"
        while path:
            response = self.ask("GET", path)
            if response.status == HTTPStatus.NOT_FOUND:
                return []
            found += self._parsed(response).get("tags") or []
            path = following_page(response.headers.get("Link", ""))
        return found

    def images(self, manifest: Manifest) -> list[Manifest]:
        """The manifest itself, or for an index that of each platform."""
        if not manifest.is_index:
            return [manifest]
        return [found for digest in manifest.platforms if (found := self.manifest(digest))]

    def holds(self, manifest: Manifest, ids: Iterable[str]) -> bool:
        """Whether a manifest is these images of the engine, and nothing else.

        An engine names an image by its config's digest, one with containerd's store by the manifest's.
        """
        wanted = set(ids)
        if wanted == {manifest.digest}:
            return True
        found = self.images(manifest)
        return wanted in ({each.config for each in found}, {each.digest for each in found})

    def config(self, digest: str) -> dict[str, Any]:
        """The image config of a manifest, of an index's first platform."""
        first = next(iter(self.images(self._present(digest))), None)
        if first is None or not first.config:
            raise DockyardError(f"{self._name(digest)} holds no image; build it anew, with another tag.")
        if first.config in self._configs:
            return self._configs[first.config]
        response = self.ask("GET", f"blobs/{first.config}")
        if response.status == HTTPStatus.NOT_FOUND:
            raise DockyardError(f"{self._name(first.config)} is gone from the registry; push the image again.")
        self._checked(response, first.config)
        self._configs[first.config] = self._parsed(response)
        return self._configs[first.config]

    def blob(self, digest: str) -> Generator[bytes, None, None]:
        """A blob's bytes in parts, as they come. Raises DockyardError, at the end if they are not the digest's."""
        response = self.ask("GET", f"blobs/{digest}", stream=True, headers={"Accept-Encoding": "identity"})
        if response.status == HTTPStatus.NOT_FOUND:
            raise DockyardError(f"{self._name(digest)} is gone from the registry; push the image again.")
        seen = hashlib.sha256()
        try:
            for part in response.stream(PART):
                seen.update(part)
                yield part
        except HTTPError as error:
            raise DockyardError(self._silent(error)) from None
        finally:
            response.close()
        self._same(f"sha256:{seen.hexdigest()}", digest, response)

    def size(self, digest: str) -> int:
        """Compressed bytes of a manifest's config and layers, of an index those of all platforms, each blob once."""
        blobs = {blob: size for each in self.images(self._present(digest)) for blob, size in each.blobs.items()}
        return sum(blobs.values())

    def credentials(self) -> Credentials:
        """What an engine has to send with a push."""
        return self.auth.credentials

    def _present(self, reference: str) -> Manifest:
        found = self.manifest(reference)
        if found is None:
            raise DockyardError(f"{self._name(reference)} is not in the registry: push it with `inv push`.")
        return found

    def _checked(self, response: BaseHTTPResponse, wanted: str) -> str:
        digest = digest_of(response.data)
        for claimed in (wanted, response.headers.get("Docker-Content-Digest", "")):
            self._same(digest, claimed, response)
        return digest

    def _same(self, digest: str, claimed: str, response: BaseHTTPResponse) -> None:
        if claimed.startswith("sha256:") and claimed != digest:
            path = urlsplit(str(response.url)).path
            raise DockyardError(
                f"The registry {self.repository.host} says {claimed} of {path}, but its bytes are {digest}: "
                "something between here and the registry changed them."
            )

    def _parsed(self, response: BaseHTTPResponse) -> dict[str, Any]:
        try:
            document: dict[str, Any] = response.json()
        except ValueError:
            raise DockyardError(
                f"{self.repository.host} answered {urlsplit(str(response.url)).path} with something that is no JSON: "
                "check that it is a registry."
            ) from None
        return document

    def _name(self, reference: str) -> str:
        return f"{self.repository.familiar}{'@' if reference.startswith('sha256:') else ':'}{reference}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        stream: bool = False,
    ) -> BaseHTTPResponse:
        """Ask, again where the registry is busy; a 404 is an answer to what only reads. With `stream` no body is."""
        url = urljoin(f"{self.repository.url}/", path)
        for pause in (*PAUSES, None):
            try:
                response = self.session.send(method, url, headers=headers, content=content, stream=stream)
            except HTTPError as error:
                raise DockyardError(self._silent(error)) from None
            if response.status not in BUSY or pause is None:
                break
            time.sleep(pause)
        if 200 <= response.status < 300:
            return response
        if method == "PUT" and IMMUTABLE.search(response.data.decode(errors="replace")):
            raise DockyardError(immutable(self.repository, path.rpartition("/")[2]))
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise DockyardError(denied(self.repository, said(response).removesuffix(".")))
        if response.status != HTTPStatus.NOT_FOUND:
            raise DockyardError(f"The registry {self.repository.host} cannot answer {method} {path}: {said(response)}")
        if method in ("POST", "PUT"):
            raise DockyardError(absent(self.repository, said(response).removesuffix(".")))
        return response

    def _silent(self, error: HTTPError) -> str:
        mend = "`inv local.up` starts one" if self.repository.loopback else "check IMAGE and the network"
        return f"The registry {self.repository.host} does not answer: {reason(error, self.repository.url)}; {mend}."


def absent(repository: Repository, why: str) -> str:
    """The sentence for a repository that is not there."""
    if place := ecr.place(repository):
        return ecr.absent(place)
    if where := artifact.place(repository):
        return artifact.absent(where)
    return f"The registry {repository.host} has no repository {repository.path} ({why}): make it there, or mend IMAGE."


def immutable(repository: Repository, tag: str) -> str:
    """The sentence for a tag that has other content, in a repository that lets none be moved."""
    where = artifact.place(repository)
    moved = f"let tags be moved: {artifact.unfrozen(where)}" if where else "let `inputs-*` be moved"
    mend = moved if tag.startswith(INPUTS) else f"take the next one, --tag={following(tag)}"
    return f"{repository.familiar}:{tag} names other content, and the tags of this repository are immutable: {mend}."


def said(response: BaseHTTPResponse) -> str:
    """What a registry said about a failure, as the end of a sentence."""
    try:
        first = response.json()["errors"][0]
        return f"{first.get('message') or first.get('code')} (status {response.status})."
    except (ValueError, LookupError, TypeError, AttributeError):
        return f"status {response.status}."
