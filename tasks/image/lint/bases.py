"""Rules about what a Dockerfile builds on."""

from __future__ import annotations

from collections.abc import Iterator

from ..dockerfile import OTHER, VARIABLE, replaced
from .finding import Finding
from .stages import Stage, assigned


def unpinned(every: list[Stage]) -> Iterator[Finding]:
    """Images without a digest, with `latest` or with no tag, each once, at the ARG that names it where one does.

    A build arg counts as its value, else as its default.
    """
    told: set[tuple[int, str]] = set()
    for line, written, image in images(every):
        if (at := (named(every[0], written) or line, image)) in told or "@sha256:" in image:
            continue
        told.add(at)
        name = image.partition("@")[0].rpartition("/")[2]
        if "$" in image:
            text = f"{image} has no value here, and no default: nobody knows what this builds on"
            yield Finding(at[0], "no-digest", "warning", text, "give its ARG a default with a digest")
        elif ":" not in name or name.endswith(":latest"):
            text = f"{image} is another image with each of its releases"
            yield Finding(at[0], "moving-tag", "error", text, f"name a version, such as {name.partition(':')[0]}:1.2")
        else:
            mend = f"write {image}@sha256:…, as `docker buildx imagetools inspect {image}` tells it"
            yield Finding(at[0], "no-digest", "warning", f"{image} can change under its tag", mend)


def images(every: list[Stage]) -> Iterator[tuple[int, str, str]]:
    """Images from outside: the line that takes one, how it is written there, and its name with variables replaced."""
    known = every[0].known
    before = {"scratch"}
    later = {one.name.lower() for one in every[1:] if one.name}
    for stage in every[1:]:
        if stage.base.lower() not in before:
            yield stage.line, stage.written, stage.base
        for each in stage.all("COPY", "RUN"):
            for found in OTHER.finditer(each.text):
                image = replaced(found["image"], known)
                if not image.isdigit() and image.lower() not in {*later, "scratch"}:
                    yield each.line, found["image"], image
        before.add(stage.name.lower())


def named(head: Stage, written: str) -> int:
    """The line of the ARG before the first FROM that a name is written with; 0 for none."""
    variables = {found["braced"] or found["plain"] for found in VARIABLE.finditer(written)}
    lines = [each.line for each in head.all("ARG") if variables & {name for name, _ in assigned(each.rest)}]
    return lines[-1] if lines else 0
