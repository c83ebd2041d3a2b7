"""Has the image scanned for known vulnerabilities. What was not scanned is unverified, never clean."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from .errors import DockyardError, SettingError
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .image.scanning import Scanned, Scanner, Vulnerability

SHOWN = 10  # the worst ones that are told


@verb(help={"tag": "this tag's image, rather than the pinned digest"})
def scan(op: Operation, tag: str = "") -> Document:
    """Scan the image with trivy or grype (exit 1: worse than SCAN_MAX, or not scanned)."""
    from .image import scanning

    it = op.environment
    image = reference(op, tag)
    document: Document = {**op.about, "image": image, "scanner": None, "max": it.scan_max or None}
    scanner = scanning.find()
    if scanner is None:
        raise DockyardError(f"{image} is unverified: {scanning.ABSENT}", {**document, "result": "unverified"})
    document["scanner"] = scanner.name
    commands = [scanner.command(image, platform) for platform in it.platform]
    if op.dry:
        for argv in commands:
            op.say(f"Would run: {shlex.join(argv)}")
        return {**document, "result": "unverified", "changed": False}
    scanned = look(op, scanner, commands, image, {**document, "result": "unverified"})
    found = sorted(scanned.found, key=scanning.badness)
    counts = scanning.counted(found)
    worst = [each for each in found if scanning.over(each.severity, it.scan_max)] if it.scan_max else found
    for each in worst[:SHOWN]:
        op.show(str(each))
    if len(worst) > SHOWN:
        op.show(f"and {len(worst) - SHOWN} more")
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count) or "nothing"
    over = bool(it.scan_max and worst)
    document |= {
        "result": "refused" if over else "allowed" if it.scan_max else "reported",
        "findings": counts,
        "worst": [each.document for each in (worst if over else found)[:SHOWN]],
        "notices": list(scanned.notices),
    }
    if over:
        raise DockyardError(
            f"{scanner.name} found {told} in {image}, {len(worst)} of it worse than SCAN_MAX={it.scan_max}: build on a "
            "newer base, and install the fixed versions.",
            document,
        )
    limit = f"SCAN_MAX={it.scan_max} allows that" if it.scan_max else "SCAN_MAX is not set, so nothing is refused"
    op.say(f"{scanner.name} found {told} in {image}; {limit}.")
    return document


def reference(op: Operation, tag: str) -> str:
    """What is scanned: `--tag`, else the pinned digest. Raises SettingError where there is neither."""
    from .image import pin
    from .image import tag as tags

    if tag:
        return f"{op.environment.image}:{tags.valid(tag)}"
    if not pin.path_of(op.root, op.name).exists():
        raise SettingError(f"{op.name} has no pin to scan: type inv pin --env={op.name}, or name an image with --tag.")
    pinned = pin.read(op.root, op.name)
    return f"{pinned.image}@{pinned.digest}"


def look(op: Operation, scanner: Scanner, commands: list[list[str]], image: str, document: Document) -> Scanned:
    """What the scanner finds on all platforms, each once. Raises DockyardError for no whole scan."""
    from .image import scanning

    found: dict[Vulnerability, None] = {}
    notices: dict[str, None] = {}
    for argv in commands:  # one after the other: both scanners lock their database
        op.say(f"{scanner.name} scans {image} ...")
        try:
            scanned = scanning.run(scanner, argv)
        except DockyardError as error:
            raise DockyardError(f"{image} is unverified: {error.message}", document) from None
        found |= dict.fromkeys(scanned.found)
        notices |= dict.fromkeys(scanned.notices)
    for notice in notices:
        op.say(notice)
    return scanning.Scanned(tuple(found), tuple(notices))
