"""The Dockerfile's steps as an image's config keeps them, one for each layer, cleaned for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SHELL = "/bin/sh -c "
METADATA = f"{SHELL}#(nop) "  # what the classic builder writes before all that is no RUN
COMMENT = " # buildkit"
CHECKSUM = re.compile(r"\b((?:file|dir|multi):[0-9a-f]{12})[0-9a-f]{52} in ")  # of the context, in a classic COPY
ARGUMENTS = re.compile(r"^\|\d+ .*?(?=/bin/sh -c )", re.DOTALL)  # build arguments: `|1 VERSION=2 /bin/sh -c …`
INSTRUCTION = re.compile(r"(ADD|COPY|RUN|WORKDIR) ")


def of_layers(config: Mapping[str, Any], layers: int) -> list[str]:
    """The step that made each layer, the lowest first; "" where the config does not tell."""
    history = [each for each in config.get("history") or () if not each.get("empty_layer")]
    if len(history) != layers:
        return [""] * layers
    return [clean(str(each.get("created_by") or each.get("comment") or "")) for each in history]


def clean(said: str) -> str:
    """What a builder wrote, as the Dockerfile has it: `RUN pip install .`. Build arguments are left out."""
    text = said.strip().removesuffix(COMMENT.strip()).strip()
    if text.startswith(METADATA.strip()):
        text = CHECKSUM.sub(r"\1 in ", text.removeprefix(METADATA.strip()))
    elif not text.startswith("#"):  # what a tool that makes base images says of itself
        instruction = INSTRUCTION.match(text)
        rest = ARGUMENTS.sub("", text[instruction.end() :] if instruction else text)
        words = instruction[1] if instruction else "RUN" if rest.startswith(SHELL) else ""
        text = f"{words} {rest.removeprefix(SHELL)}"
    return re.sub(r"\s+", " ", text).strip()
