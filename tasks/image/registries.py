"""Which registry an environment's images are in, and how it is spoken to: ECR by its own API, others by OCI's.

Artifact Registry takes an access token with the first request already, so that nothing is asked twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DockyardError
from . import artifact, ecr
from .credentials import Challenged, Credentials, of_google
from .manifest import TYPES, Manifest, digest_of
from .reference import Repository, parse
from .registry import Registry, immutable
from .session import Session

if TYPE_CHECKING:
    from ..environment.settings import Environment


def of(environment: Environment, image: str = "") -> Registry:
    """The registry of IMAGE, or of another `image`. Raises SettingError for a name that is none.

    With TARGET=ecs one on loopback may be an emulator's ECR, with TARGET=cloudrun an emulator's Artifact Registry.
    """
    name = image or environment.image
    repository = parse(name)
    if place := ecr.place(repository):
        return EcrRegistry(name, place)
    artifact.checked(repository)
    if where := artifact.place(repository, environment.region if environment.target == "cloudrun" else ""):
        return ArtifactRegistry(name, where)
    return Registry(name, environment.region if environment.target == "ecs" else "")


class EcrRegistry(Registry):
    """A repository in ECR: manifests by its API, which needs no token first, and blobs as from any registry."""

    def __init__(self, image: str, place: ecr.Place) -> None:
        super().__init__(image)
        self.place = place

    def digest(self, reference: str) -> str:
        """What a tag names, "" if it names nothing."""
        found = self.manifest(reference)
        return found.digest if found else ""

    def manifest(self, reference: str) -> Manifest | None:
        """A tag's or digest's manifest, its digest computed from the bytes; None if there is none."""
        if reference in self._known:
            return self._known[reference]
        found = ecr.manifest(self.place, reference)
        if found is None:
            return None
        if digest_of(found.content) != found.digest:
            raise DockyardError(
                f"ECR says {found.digest} of {self._name(reference)}, but its bytes are {digest_of(found.content)}: "
                "something between here and ECR changed them."
            )
        if found.media_type not in TYPES:
            raise DockyardError(
                f"{self._name(reference)} is {found.media_type or 'of no type'}, no image of today's kind: "
                "push the image anew under another tag."
            )
        self._known[found.digest] = found
        return found

    def put(self, manifest: Manifest, tag: str) -> None:
        """Give a manifest a tag, byte for byte, and read it back."""
        free = ecr.put(self.place, manifest, tag)
        digest = self.digest(tag)
        if digest == manifest.digest:
            return
        if not free:
            raise DockyardError(immutable(self.repository, tag))
        raise DockyardError(
            f"{self._name(tag)} names {digest or 'nothing'} after it was set to {manifest.digest}: "
            "somebody else moves it; type the command again."
        )

    def tags(self) -> list[str]:
        """Every tag, in no order."""
        return [tag for each in ecr.describe(self.place) or () for tag in each.get("imageTags") or ()]


class ArtifactRegistry(Registry):
    """A repository in Artifact Registry, which takes Google's access token."""

    def __init__(self, image: str, place: artifact.Place) -> None:
        super().__init__(image)
        self.place = place
        self.auth = Token(self.repository, place)
        self.session = Session(self.auth)


class Token(Challenged):
    """Sends the access token at once over TLS, else when it is asked for; a token that has expired is renewed."""

    def __init__(self, repository: Repository, place: artifact.Place) -> None:
        super().__init__(repository)
        self.place = place
        self._docker: Credentials | None = None

    @property
    def credentials(self) -> Credentials:
        """The access token of now, or Docker's own login, looked up once. Raises DockyardError."""
        if self._docker is None:
            found = of_google(self.repository, self.place.plain)
            if found.username == artifact.USERNAME:
                return found
            self._docker = found
        return self._docker

    def headers(self) -> dict[str, str]:
        """What a request to the registry has from the start."""
        if not self.answer and not self.place.plain and (login := self.credentials).username == artifact.USERNAME:
            self.answer = f"Bearer {login.password}"
        return super().headers()
