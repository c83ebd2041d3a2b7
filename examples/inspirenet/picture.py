"""Pictures as they come and go."""

from __future__ import annotations

import io
import os

from PIL import Image, ImageOps

# Pixels of the longer side at which GrabCut works; InSPyReNet has the size of its mode, which is 1024 for `base`.
TARGET_SIZE = int(os.environ.get("TARGET_SIZE", "1024"))
LEAST = 16  # pixels of either side: less has nothing to tell from its border


class NotOne(Exception):
    """These bytes are no picture."""


def opened(data: bytes) -> Image.Image:
    """A picture upright and without transparency. Raises NotOne."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as found:
            upright = ImageOps.exif_transpose(found).convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotOne("send a picture, PNG or JPEG") from error
    if min(upright.size) < LEAST:
        raise NotOne(f"send a picture of at least {LEAST} by {LEAST} pixels")
    return upright


def png(image: Image.Image) -> bytes:
    """The bytes of a PNG."""
    into = io.BytesIO()
    image.save(into, "PNG")
    return into.getvalue()
