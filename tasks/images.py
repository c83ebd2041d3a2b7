"""What the registry holds, and what the layers of one image cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

from .errors import DockyardError, SettingError
from .target import Current
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .image.catalog import Entry
    from .image.layers import Report
    from .image.manifest import Manifest
    from .image.registry import Registry

SHOWN = 10  # files that are in an image twice
WIDTH = 80  # of a step


@verb(
    help={
        "limit": "the newest so many (10), 0 for all",
        "layers": "what each layer of one image costs, and which files are in it twice",
        "tag": "with --layers: which image, rather than the pinned one, else the newest",
    }
)
def images(op: Operation, limit: str = "10", layers: bool = False, tag: str = "") -> Document:
    """List what was pushed, newest first, with digests and sizes, or the layers of one image."""
    if not limit.isdecimal():
        raise SettingError(f"--limit={limit} is not a number of images; try --limit=10, or --limit=0 for all.")
    if tag and not layers:
        raise SettingError(f"--tag={tag} names the image whose layers are wanted: add --layers.")
    if layers:
        return {**op.about, **show_layers(op, tag)}
    from .image import catalog

    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(serving, op)
        found = catalog.read(op.registry, op.say, int(limit))
        serves = asked.result()
    pinned = pins(op)
    for each in found[: int(limit) or None]:
        op.show(line(each, serves or frozenset(), pinned.get(each.digest, [])))
    if not found:
        op.show(f"{op.environment.image} has no image yet; push one: inv push --env={op.name}")
    elif int(limit) and len(found) > int(limit):
        op.say(f"{len(found) - int(limit)} older ones are not shown; --limit=0 shows all.")
    documents = [as_document(each, serves, pinned.get(each.digest, [])) for each in found[: int(limit) or None]]
    return {**op.about, "image": op.environment.image, "images": documents}


def serving(op: Operation) -> frozenset[str] | None:
    """The digests that have traffic; None, which is said, where the target cannot be asked."""
    try:
        return digests(op.target.current())
    except DockyardError as error:
        op.say(f"Which image serves is not known: {error.message}")
        return None


def digests(current: Current) -> frozenset[str]:
    """What runs of the revisions with traffic; what was released, where the platform does not tell."""
    shares = {each.revision for each in current.traffic if each.percent}
    running = {each.digest for each in current.instances if each.digest and each.revision in shares}
    return frozenset(running or ({current.revision.release.digest} if current.revision else ()))


def pins(op: Operation) -> Mapping[str, list[str]]:
    """The environments that pin a digest, by digest; a pin that cannot be read is said and left out."""
    from .image import pin

    found: dict[str, list[str]] = {}
    for name in pin.names(op.root):
        try:
            found.setdefault(pin.read(op.root, name).digest, []).append(name)
        except SettingError as error:
            op.say(str(error.message))
    return found


def line(entry: Entry, serves: frozenset[str], pinned: Sequence[str]) -> str:
    """An image for people: `sha256:…  81.2 MB  2026-11-21T22:24:27Z  0a93ee28  linux/amd64  v1, latest  (serves)`.

    The time is that of the push, where the registry tells it, else of the build.
    """
    from .image.check import human

    marks = "; ".join(
        [
            *(["serves"] if entry.digest in serves else []),
            *([f"pinned by {', '.join(pinned)}"] if pinned else []),
            *(
                [f"scan: {', '.join(f'{count} {name}' for name, count in entry.findings.items())}"]
                * bool(entry.findings)
            ),
        ]
    )
    return (
        f"{entry.digest}  {human(entry.size):>8}  {entry.pushed_at or entry.built or '-':<20}  "
        f"{entry.git_sha[:8] or '-':<8}  "
        f"{' '.join(entry.platforms) or '-'}  {', '.join(entry.tags) or '(no tag)'}"
        f"{f'  ({marks})' if marks else ''}"
    )


def as_document(entry: Entry, serves: frozenset[str] | None, pinned: Sequence[str]) -> Document:
    """An image as `--json` gives it; `serving` is null where the target could not be asked."""
    return {
        "digest": entry.digest,
        "tags": list(entry.tags),
        "size": entry.size,
        "at": entry.built,
        "pushed_at": entry.pushed_at,
        "findings": dict(entry.findings),
        "git_sha": entry.git_sha,
        "platforms": list(entry.platforms),
        "serving": None if serves is None else entry.digest in serves,
        "pinned": list(pinned),
    }


def show_layers(op: Operation, tag: str) -> Document:
    """Read one image's layers, show them, and give them as `--json` does."""
    from .image import layers

    registry, manifest = chosen(op, tag)
    report = layers.read(registry, manifest, op.environment.platform[0], op.say)
    for text in lines(report):
        op.show(text)
    if any(each.uncompressed is None for each in report.layers):
        op.say("Files of some layers were not read, so there may be more of them twice than that.")
    return {
        "image": registry.repository.familiar,
        "digest": manifest.digest,
        "tag": tag,
        "platform": report.platform,
        "size": report.size,
        "layers": [asdict(each) for each in report.layers],
        "twice": [asdict(each) for each in report.twice],
        "wasted": report.wasted,
    }


def chosen(op: Operation, tag: str) -> tuple[Registry, Manifest]:
    """The image of a tag, else the pinned one, else the newest. Raises DockyardError where there is none."""
    from . import pin as pinning
    from .image import catalog, registries

    if tag:
        return op.registry, pinning.resolve(op, op.registry, tag, "")
    if pinned := pinning.existing(op):
        registry = registries.of(op.environment, pinned.image)
        return registry, pinning.resolve(op, registry, "", pinned.digest)
    for newest in catalog.read(op.registry, op.say, 1):
        return op.registry, pinning.resolve(op, op.registry, "", newest.digest)
    raise DockyardError(f"{op.environment.image} has no image yet; push one: inv push --env={op.name}")


def lines(report: Report) -> list[str]:
    """An image's layers for people, the total, and the largest files that it holds twice."""
    from .image.check import human

    found = [f"{'':>4} {'pushed':>9} {'unpacked':>9}"]
    for each in report.layers:
        step = f"{each.step[: WIDTH - 1]}…" if len(each.step) > WIDTH else each.step
        unpacked = "-" if each.uncompressed is None else human(each.uncompressed)
        unread = " (files not read)" if each.uncompressed is None else ""
        found.append(f"{each.number:>4} {human(each.size):>9} {unpacked:>9}  {step or '-'}{unread}")
    unpacked = human(sum(each.uncompressed or 0 for each in report.layers))
    found.append(f"{'all':>4} {human(report.size):>9} {unpacked:>9}  {report.platform}, {report.digest}")
    if report.twice:
        files = "1 file is" if len(report.twice) == 1 else f"{len(report.twice)} files are"
        found.append(f"{files} in it and not seen, with {human(report.wasted)}; the largest:")
    for file in report.twice[:SHOWN]:
        path = "".join(letter if letter.isprintable() else "?" for letter in file.path)
        found.append(f"     {human(file.bytes):>9}  {path} (layers {', '.join(map(str, file.layers))})")
    return found
