"""What takes the background off: InSPyReNet where its checkpoint is, and OpenCV's GrabCut where it is not."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import threading
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger("inspirenet")
MODE = os.environ.get("INSPIRENET_MODE", "base")
RESIZE = os.environ.get("INSPIRENET_RESIZE", "static")
CHECKPOINT = Path(os.environ.get("CHECKPOINT", "/models/checkpoint"))
loading = threading.Lock()
failures: list[str] = []


@cache
def missing() -> str:
    """What InSPyReNet lacks here, and how it comes in; "" for nothing."""
    if importlib.util.find_spec("transparent_background") is None:
        return "transparent-background is not installed: build with BUILD_ARG_REQUIREMENTS=requirements.txt"
    if not CHECKPOINT.is_file():
        return f"no checkpoint at {CHECKPOINT}: mount it there, or build with BUILD_ARG_CHECKPOINT_URL"
    return ""


def engine() -> str:
    """`inspyrenet` or `grabcut`."""
    return "grabcut" if missing() else "inspyrenet"


def device() -> str:
    """Where the model runs: on the L4 that Cloud Run gives, if it gives one."""
    return "cuda" if Path("/dev/nvidia0").exists() else "cpu"


def start() -> None:
    """Say what cuts, and load the model while health is already answered."""
    if missing():
        log.warning("GrabCut in the place of InSPyReNet: %s", missing())
    else:
        threading.Thread(target=load, daemon=True).start()


def load() -> None:
    """Load the model, and remember why it cannot be."""
    try:
        remover()
    except Exception as error:
        log.exception("InSPyReNet cannot be loaded from %s", CHECKPOINT)
        failures.append(str(error).partition("\n")[0])


def broken() -> str:
    """Why the model cannot be loaded; "" where it can."""
    return next(iter(failures), "")


def loaded() -> bool:
    """Whether a picture can be cut at once."""
    return bool(missing()) or once.cache_info().currsize > 0


def remover() -> Any:
    """InSPyReNet with its checkpoint, loaded once; whoever comes meanwhile waits."""
    with loading:
        return once()


@cache
def once() -> Any:
    """Load it: half a minute of imports and weights."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # which asks PyPI for a newer one of itself at each start otherwise
    sys.modules["wget"] = ModuleType("wget")  # imported for downloads of checkpoints, and left out by overrides.txt
    import torch
    from transparent_background import Remover

    where = "cuda:0" if device() == "cuda" else "cpu"
    torch.backends.cudnn.benchmark = os.environ.get("ENABLE_GPU_OPTIMIZATIONS") == "true"
    made = Remover(mode=MODE, resize=RESIZE, ckpt=str(CHECKPOINT), device=where)
    log.info("InSPyReNet (%s) is loaded, torch %s on %s", MODE, torch.__version__, where)
    return made


def cut(image: Image) -> Image:
    """The picture with its background transparent."""
    if missing():
        import grabcut

        return grabcut.cut(image)
    found: Image = remover().process(image, type="rgba")
    return found
