"""The source of a build as one archive, named by its content: what was uploaded once is found again."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...errors import DockyardError, SettingError
from .. import Recipe, context
from ..inputs import files
from ..recipe import CA

FORM = "dockyard source 1"  # a change of how it is laid out changes this
CONTEXT = "context"
DOCKERFILE = "Dockerfile"
BUNDLE = "ca.crt"
KEPT = (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR)  # an archive holds no socket
LEVEL = 6  # of gzip: more takes longer than it saves on the way


@dataclass(frozen=True)
class Package:
    """What goes into an archive: by its name there, the file here. `name` is the object that it is uploaded as.

    `hashes` are those of the files when the name was made. `size` is in bytes, unpacked.
    """

    name: str
    files: Mapping[str, Path]
    hashes: Mapping[str, str]
    size: int


def of(recipe: Recipe) -> Package:
    """The package of a recipe: the context below `context/`, the Dockerfile beside it, wherever it lies here.

    Raises SettingError for a file that cannot be read, or a `.dockerignore` that is none.
    """
    beside = {DOCKERFILE: recipe.dockerfile}
    ignored = recipe.dockerfile.with_name(f"{recipe.dockerfile.name}.dockerignore")
    if ignored.is_file():
        beside[f"{DOCKERFILE}.dockerignore"] = ignored
    if CA in recipe.secrets and recipe.secrets[CA].startswith("file:"):
        beside[BUNDLE] = Path(recipe.secrets[CA].removeprefix("file:"))
    return _package(recipe, f"{CONTEXT}/", beside)


def of_context(recipe: Recipe) -> Package:
    """The package for a build configuration of the user's own: the context as it is, as gcloud sends it.

    The Dockerfile, if there is one, is there even if `.dockerignore` leaves it out. Raises SettingError as `of` does.
    """
    inside = recipe.dockerfile.is_relative_to(recipe.context) and recipe.dockerfile.is_file()
    beside = {recipe.dockerfile.relative_to(recipe.context).as_posix(): recipe.dockerfile} if inside else {}
    ignored = recipe.context / ".dockerignore"
    if ignored.is_file():
        beside[ignored.name] = ignored
    return _package(recipe, "", beside)


def _package(recipe: Recipe, folder: str, beside: Mapping[str, Path]) -> Package:
    try:
        found = context.entries(recipe.dockerfile, recipe.context)
        known = files(recipe)
        more = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in beside.items()}
    except (OSError, ValueError) as error:
        raise SettingError(f"{recipe.context} cannot be packed ({error}): mend it, or leave it out.") from None
    whole = hashlib.sha256(f"{FORM}\n".encode())
    parts = [(f"{folder}{name}", content) for name, content in known.items()]
    parts += [(f"beside {name}", each.encode()) for name, each in more.items()]
    for name, content in sorted(parts):
        line = name.encode("utf-8", "surrogateescape")
        whole.update(f"{len(line)} {len(content)}\n".encode() + line + content)
    hashes = {f"{folder}{path}": _content(known, path, about) for path, about in found if stat.S_ISREG(about.st_mode)}
    paths = {f"{folder}{path}": recipe.context / path for path, about in found if stat.S_IFMT(about.st_mode) in KEPT}
    return Package(
        name=f"source/{whole.hexdigest()}.tgz",
        files={**paths, **beside},
        hashes={**hashes, **more},
        size=sum(about.st_size for _, about in found if stat.S_ISREG(about.st_mode)),
    )


def _content(known: Mapping[str, bytes], path: str, about: os.stat_result) -> str:
    """The hash of a file, as `inputs.files` names it."""
    return known[f"{stat.S_IFMT(about.st_mode):o} {stat.S_IMODE(about.st_mode):o} {path}"].decode()


def pack(package: Package, into: BinaryIO) -> None:
    """Write the archive, with nobody's names in it. Raises DockyardError where a file changed since it was named."""
    try:
        with tarfile.open(fileobj=into, mode="w:gz", compresslevel=LEVEL) as archive:
            for name, path in package.files.items():
                _add(archive, name, path, package.hashes.get(name, ""))
    except OSError as error:
        raise DockyardError(f"{error.filename or 'The source'} cannot be packed: {error.strerror}.") from None


def _add(archive: tarfile.TarFile, name: str, path: Path, wanted: str) -> None:
    about = archive.gettarinfo(path, name)
    about.uid = about.gid = 0
    about.uname = about.gname = ""
    if about.islnk():  # a second name of a file is a file of its own
        about.type = tarfile.REGTYPE
        about.size = path.stat().st_size
    if not about.isreg():
        archive.addfile(about)
        return
    with path.open("rb") as file:
        reading = Reading(file)
        archive.addfile(about, reading)
    if wanted and reading.seen.hexdigest() != wanted:
        raise DockyardError(f"{path} was changed while it was packed: type the command again.")


class Reading:
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seen = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        part = self.file.read(size)
        self.seen.update(part)
        return part
