"""The embedded default on this machine: a Docker engine, base images, and a registry on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .embedded import Part


@verb(default=True)
def show(op: Operation) -> Document:
    """Show what of engine, base images and registry is there."""
    from . import embedded

    registry, images = needed_registry(op), needed_images(op)
    parts = embedded.up(registry=registry, images=images, yes=True, dry=True, say=op.say)
    for part in parts:
        op.show(f"{'missing' if part.did else 'there':<8} {part.name}")
    return {"env": op.name, "parts": [{"name": part.name, "there": not part.did} for part in parts]}


@verb(help={"yes": "install an engine from the system's packages where there is none"})
def up(op: Operation, yes: bool = False) -> Document:
    """Bring up what a release needs here, and mend what is missing: engine, base images, registry.

    An engine that answers and a registry that is there are used as they are. Packages are installed only as root on
    Debian or Ubuntu, and only with `--yes` or where `CI` is set.
    """
    from . import embedded

    ca, registry = op.environment.build_ca, needed_registry(op)
    parts = embedded.up(registry=registry, images=needed_images(op), yes=yes, ca=ca, dry=op.dry, say=op.say)
    return report(op, parts, "is there")


@verb(help={"purge": "also remove every service, network and volume of Dockyard's, and the registry's data"})
def down(op: Operation, purge: bool = False) -> Document:
    """Stop what `local.up` started; leave, and name, what it did not start."""
    from . import embedded

    parts = embedded.down(registry=needed_registry(op), purge=purge, dry=op.dry, say=op.say)
    return report(op, parts, "is down")


def needed_registry(op: Operation) -> str:
    """The `HOST:PORT` of IMAGE's registry if that is on loopback, else ""."""
    from .image import reference

    repository = reference.parse(op.environment.image)
    return (repository.host if ":" in repository.host else f"{repository.host}:80") if repository.loopback else ""


def needed_images(op: Operation) -> list[str]:
    """The base images, out of those that Dockyard can make, that the environment's Dockerfile names."""
    from .embedded import BASES

    recipe = op.environment.dockerfile
    text = recipe.read_text(encoding="utf-8", errors="replace") if recipe.is_file() else ""
    return [name for name in BASES if name in text]


def report(op: Operation, parts: list[Part], still: str) -> Document:
    """Say each part, and return the document."""
    for part in parts:
        op.say(f"{part.name}: {f'would be {part.did}' if part.did and op.dry else part.did or still}")
    return {
        "env": op.name,
        "changed": any(part.did for part in parts) and not op.dry,
        "parts": [{"name": part.name, "did": part.did} for part in parts],
    }
