"""What a build is made of, as one hash: the same inputs are not built twice.

The Dockerfile, the context as the engine sees it (`.dockerignore` applied), args, stage, platforms, the ids of
secrets, the environment's name and the images that it builds on. Pins, labels of commit and date, and how it
is built (network, builder, cache) are none.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from docker.utils.build import exclude_paths

from ..errors import DockyardError
from . import Recipe, check, dockerfile
from .images import Images
from .recipe import ENV
from .reference import split
from .registry import Registry

FORM = "dockyard inputs 1"  # a change of what is hashed changes this
CHUNK = 1 << 20  # bytes


def of(recipe: Recipe, base: Callable[[str, str], str]) -> str:
    """`sha256:…` of all inputs; "" if it cannot be told: a base image is not known, or a file cannot be read.

    `base` gives an identity for an image and a platform, "" for one that it does not know.
    """
    try:
        return _hash(recipe, base)
    except OSError:
        return ""


def _hash(recipe: Recipe, base: Callable[[str, str], str]) -> str:
    text = recipe.dockerfile.read_bytes()
    bases = identities(recipe, text.decode("utf-8", "replace"), base)
    if bases is None:
        return ""
    digest = hashlib.sha256()
    parts = {
        "form": FORM,
        "env": recipe.labels.get(ENV, ""),
        "stage": recipe.stage,
        "platforms": ",".join(recipe.platforms),
        **{f"arg {name}": value for name, value in sorted(recipe.args.items())},
        **{f"secret {name}": "" for name in sorted(recipe.secrets)},
        **bases,
    }
    for name, value in parts.items():
        _add(digest, name.encode(), value.encode())
    _add(digest, b"Dockerfile", text)
    for path in files(recipe):
        _add_file(digest, recipe.context, path)
    return f"sha256:{digest.hexdigest()}"


def known(images: Images) -> Callable[[str, str], str]:
    """Identities of base images: what the engine has, which a build would take, else what the registry has.

    It is the registry's digest where the engine knows it, so that two machines agree, else the image's id.
    """

    def base(image: str, platform: str) -> str:
        repository, reference = split(image)
        if "@" in image:
            return reference
        try:
            found = Images(images.client, repository).find(f":{reference}")
            if found and check.same(found.platform, platform):
                return min(found.digests, default=found.id)
            return Registry(repository).digest(reference)
        except DockyardError:
            return ""

    return base


def identities(recipe: Recipe, text: str, base: Callable[[str, str], str]) -> dict[str, str] | None:
    """What each image that the Dockerfile names is now, for each platform; None if one is not known."""
    found: dict[str, str] = {}
    for image in dockerfile.parse(text, recipe.args).images:
        for platform in recipe.platforms:
            identity = "" if "$" in image else base(image, platform)
            if not identity:
                return None
            found[f"base {image} {platform}"] = identity
    return found


def files(recipe: Recipe) -> Iterator[str]:
    """The paths of the context that the engine sees, in order, without the pins."""
    patterns = ignored(recipe.dockerfile, recipe.context)
    # the Dockerfile is hashed by itself; one outside the context adds nothing to it
    for path in sorted(exclude_paths(str(recipe.context), patterns, dockerfile=".dockerignore")):
        parts = PurePosixPath(path).parts
        if not (len(parts) >= 2 and parts[-2] == "env" and path.endswith(".lock")):
            yield path


def ignored(dockerfile: Path, context: Path) -> list[str]:
    """The patterns of `<Dockerfile>.dockerignore`, else of the context's `.dockerignore`."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if path.is_file():
            lines = (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _add_file(digest: hashlib._Hash, context: Path, path: str) -> None:
    whole = context / path
    about = whole.lstat()
    name = f"{stat.S_IFMT(about.st_mode):o} {stat.S_IMODE(about.st_mode):o} {path}".encode("utf-8", "surrogateescape")
    if stat.S_ISLNK(about.st_mode):
        _add(digest, name, os.fsencode(whole.readlink()))
    elif stat.S_ISREG(about.st_mode):
        _add(digest, name, b"", about.st_size)
        with whole.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    else:
        _add(digest, name, b"")


def _add(digest: hashlib._Hash, name: bytes, value: bytes, size: int = -1) -> None:
    """Add a name and a value, lengths first, so that no two lists of inputs read the same."""
    digest.update(f"{len(name)} {len(value) if size < 0 else size}\n".encode() + name + value)
