"""Builds the image, checks its architecture and size, and gives it a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import DockyardError
from .lint import lint as lint
from .order import Order
from .scan import scan as scan
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .environment.settings import Environment
    from .image import Image
    from .image.source import Source


@verb(
    changes=True,
    help={
        "tag": "the image's tag, rather than TAG's template",
        "hotfix": "an issue's name for a hotfix tag: issue123",
        "note": "why, kept as a label of the image",
        "builder": "buildkit, engine or cloudbuild, rather than BUILDER",
        "no_cache": "build every step anew, even from the same inputs",
    },
)
def build(
    op: Operation, tag: str = "", hotfix: str = "", note: str = "", builder: str = "", no_cache: bool = False
) -> Document:
    """Build the image, check its architecture and size, and tag it."""
    image = make(op, tag=tag, hotfix=hotfix, note=note, builder=builder, no_cache=no_cache)
    if not op.dry:
        op.show(image.reference)
    return {
        **op.about,
        "image": op.environment.image,
        "tag": image.tag,
        "digest": image.digest or None,
        "size": image.size,
        "reused": image.reused,
        "changed": image.changed and not op.dry,
        "reproducible": None if image.irreproducible is None else not image.irreproducible,
        "reproducible_why": image.irreproducible or None,
        "images": [{"platform": each.platform, "id": each.image_id, "size": each.size} for each in image.images],
    }


def make(
    op: Operation,
    *,
    tag: str = "",
    hotfix: str = "",
    note: str = "",
    builder: str = "",
    no_cache: bool = False,
    here: bool = True,
) -> Image:
    """Build what is not built yet, check it, and tag it where its builder leaves it. A dry run says what it would do.

    Without `here` an image that the registry has is not brought to the engine for it, unless MAX_IMAGE_SIZE has to
    be checked there: what is deployed by digest is needed only where it runs.
    Raises DockyardError for a failed build, a wrong architecture, too large an image or a tag that other content
    has; SettingError for what cannot be built at all.
    """
    from . import image
    from .image import recipe, source
    from .image import tag as tags

    environment = op.environment
    tree = source.read(op.root)
    refuse_dirty(environment, tree)
    wanted = tags.wanted(environment, tree, tag=tag, hotfix=hotfix)
    asked = recipe.of(environment, tree, tag=wanted, note=note, no_cache=no_cache)
    order = Order(asked, wanted, tree, given=bool(tag), here=here)
    if (builder or environment.builder) == image.CLOUD:
        from . import cloud_build

        return cloud_build.make(op, order)
    from . import engine_build

    recipe.check(environment, asked)
    return engine_build.make(op, order, image.builder(environment, builder, op.engine))


def refuse_dirty(environment: Environment, tree: Source) -> None:
    """Raise DockyardError for a protected environment and a tree that its commit does not describe."""
    if environment.protected and tree.dirty:
        shown = ", ".join(change.strip() for change in tree.changes[:5])
        more = f" and {len(tree.changes) - 5} more" if len(tree.changes) > 5 else ""
        raise DockyardError(
            f"{environment.name} is protected and the tree has changes without a commit ({shown}{more}): "
            "commit or stash them, then build again."
        )
