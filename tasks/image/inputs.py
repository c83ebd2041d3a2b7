"""What a build is made of, as one hash: the same inputs are not built twice.

The Dockerfile, the context as the engine sees it (`.dockerignore` applied), args, stage, platforms, the ids of
secrets, the names of environment and service, and the images that it builds on. Pins, labels of commit and date,
and how it is built (network, builder, cache) are none.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable

from ..errors import DockyardError
from . import Recipe, check, context, dockerfile, hashes
from .images import Images
from .recipe import ENV, TITLE
from .reference import split
from .registry import Registry

FORM = "dockyard inputs 2"  # a change of what is hashed changes this


def of(recipe: Recipe, base: Callable[[str, str], str]) -> str:
    """`sha256:…` of all inputs; "" if it cannot be told: a base image is not known, or a file cannot be read.

    `base` gives an identity for an image and a platform, "" for one that it does not know.
    """
    try:
        return _hash(recipe, base)
    except (OSError, ValueError):  # a `.dockerignore` that is none is the builder's to tell
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
        "service": recipe.labels.get(TITLE, ""),
        "stage": recipe.stage,
        "platforms": ",".join(recipe.platforms),
        **{f"arg {name}": value for name, value in sorted(recipe.args.items())},
        **{f"secret {name}": "" for name in sorted(recipe.secrets)},
        **bases,
    }
    for name, value in parts.items():
        _add(digest, name.encode(), value.encode())
    _add(digest, b"Dockerfile", text)
    for path, content in files(recipe).items():
        _add(digest, path.encode("utf-8", "surrogateescape"), content)
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
    """What each image that the Dockerfile names is now, for each platform; None if one or what it adds is not known."""
    found: dict[str, str] = {}
    parsed = dockerfile.parse(text, recipe.args)
    if parsed.remote:
        return None
    for image in parsed.images:
        for platform in recipe.platforms:
            identity = "" if "$" in image else base(image, platform)
            if not identity:
                return None
            found[f"base {image} {platform}"] = identity
    return found


def files(recipe: Recipe) -> dict[str, bytes]:
    """What is hashed of the context: type, mode and path of everything, with a file's SHA-256 or a link's target."""
    found = context.entries(recipe.dockerfile, recipe.context)
    known = hashes.of(recipe.context, (each for each in found if stat.S_ISREG(each[1].st_mode)))
    made: dict[str, bytes] = {}
    for path, about in found:
        name = f"{stat.S_IFMT(about.st_mode):o} {stat.S_IMODE(about.st_mode):o} {path}"
        if stat.S_ISLNK(about.st_mode):
            made[name] = os.fsencode((recipe.context / path).readlink())
        else:
            made[name] = known.get(path, "").encode()
    return made


def _add(digest: hashlib._Hash, name: bytes, value: bytes) -> None:
    """Add a name and a value, lengths first, so that no two lists of inputs read the same."""
    digest.update(f"{len(name)} {len(value)}\n".encode() + name + value)
