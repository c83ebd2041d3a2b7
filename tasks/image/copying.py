"""An image from one repository to another, byte for byte, so that its digest stays the same.

OCI's distribution specification: a blob that the same registry has in another repository is mounted, any other is
uploaded; a manifest comes after all that it names.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urljoin

from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from ..errors import DockyardError
from .credentials import denied
from .manifest import Manifest
from .registry import Registry, said
from .session import reason

AT_ONCE = 4  # blobs side by side
# A registry reads a large blob again before it answers. urllib3 waits for each part to leave as for a connection.
PATIENCE = Timeout(connect=30.0, read=300.0)  # seconds


@dataclass(frozen=True)
class Copy:
    """What a repository lacks of an image: manifests, what an index names before it, and blobs with their bytes."""

    manifests: tuple[Manifest, ...] = ()
    blobs: Mapping[str, int] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """`1 manifest and 3 blobs (12.3 MB)`."""
        blobs = f"{len(self.blobs)} blob{'s' * (len(self.blobs) != 1)} ({sum(self.blobs.values()) / 1e6:.1f} MB)"
        return f"{len(self.manifests)} manifest{'s' * (len(self.manifests) != 1)} and {blobs}"


def plan(here: Registry, there: Registry, manifest: Manifest) -> Copy:
    """Look what has to be copied; nothing within a repository. Raises DockyardError where a part is gone."""
    if here.repository == there.repository or there.digest(manifest.digest):
        return Copy()
    manifests = (*parts(here, manifest), manifest)
    blobs = {digest: size for each in manifests for digest, size in each.blobs.items()}
    with ThreadPoolExecutor(AT_ONCE) as side_by_side:
        held = side_by_side.map(lambda digest: holds(there, digest), blobs)
        return Copy(manifests, {digest: blobs[digest] for digest, has in zip(blobs, held, strict=True) if not has})


def parts(here: Registry, manifest: Manifest) -> Iterator[Manifest]:
    """What an index names, attestations too, each after what it names itself."""
    for each in manifest.document.get("manifests", ()) if manifest.is_index else ():
        found = here.manifest(each["digest"])
        if found is None:
            raise DockyardError(
                f"{here.repository.familiar}@{manifest.digest} names {each['digest']}, which is gone from the "
                "registry: push the image again."
            )
        yield from parts(here, found)
        yield found


def holds(registry: Registry, digest: str) -> bool:
    """Whether a repository has a blob."""
    return registry.ask("HEAD", f"blobs/{digest}").status == HTTPStatus.OK


def carry_out(here: Registry, there: Registry, copy: Copy) -> None:
    """Copy, blobs side by side, then manifests, each read back. Raises DockyardError; done again, it goes on."""
    over = threading.Event()
    side_by_side = ThreadPoolExecutor(AT_ONCE)
    try:
        for done in [side_by_side.submit(carry, here, there, *blob, over) for blob in copy.blobs.items()]:
            done.result()
    finally:
        over.set()
        side_by_side.shutdown(cancel_futures=True)
    for each in copy.manifests:
        there.put(each, each.digest)


def carry(here: Registry, there: Registry, digest: str, size: int, over: threading.Event) -> None:
    """Mount or upload one blob."""
    if location := begin(here, there, digest):
        upload(there, location, digest, size, until(over, here.blob(digest)))


def begin(here: Registry, there: Registry, digest: str) -> str:
    """Where to upload a blob; "" where the registry has mounted it from the other repository."""
    if here.repository.host == there.repository.host:
        with suppress(DockyardError):  # who may push there may have no right to mount
            asked = there.ask("POST", f"blobs/uploads/?{urlencode({'mount': digest, 'from': here.repository.path})}")
            if asked.status == HTTPStatus.CREATED:
                return ""
            if asked.status == HTTPStatus.ACCEPTED:
                return str(asked.headers.get("Location", ""))
    asked = there.ask("POST", "blobs/uploads/")
    return str(asked.headers.get("Location", ""))


def upload(there: Registry, location: str, digest: str, size: int, content: Iterator[bytes]) -> None:
    """Upload one blob as it comes. A login is sent to the registry itself alone. Raises DockyardError."""
    url = urljoin(f"{there.repository.url}/", location)
    url += f"{'&' if '?' in url else '?'}{urlencode({'digest': digest})}"
    headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
    try:
        answer = there.session.send("PUT", url, headers=headers, content=whole(size, content), timeout=PATIENCE)
    except HTTPError as error:
        raise DockyardError(failed(there, digest, f"{reason(error, url)};")) from None
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise DockyardError(denied(there.repository, said(answer).removesuffix(".")))
    if answer.status != HTTPStatus.CREATED:
        raise DockyardError(failed(there, digest, said(answer)))


def failed(there: Registry, digest: str, why: str) -> str:
    """The sentence for a blob that did not arrive."""
    return (
        f"{there.repository.familiar} did not take {digest}: {why} Type the command again: "
        "what has arrived by then is not sent twice."
    )


def until(over: threading.Event, content: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, unless it is over: another blob failed, or Ctrl-C."""
    for part in content:
        if over.is_set():
            raise DockyardError("The copy was given up.")
        yield part


def whole(size: int, content: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes. Raises HTTPError where they are not so many: the registry would wait for the rest."""
    left = size
    for part in content:
        left -= len(part)
        if left < 0:
            break
        yield part
    if left:
        raise HTTPError(f"its manifest says {size} bytes, and it has {'more' if left < 0 else size - left}")
