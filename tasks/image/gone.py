"""Packages that a release of Debian or Ubuntu has no more, and what to install there."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAMES = {"bullseye": 11, "bookworm": 12, "trixie": 13, "forky": 14, "sid": 99}
UBUNTU = {"focal": 20.04, "jammy": 22.04, "noble": 24.04, "plucky": 25.04, "questing": 25.10}
NEWEST = 13  # what official images of languages (python:3.12-slim) are built on where their tag names no release
OFFICIAL = ("python", "node", "golang", "rust", "ruby", "php", "openjdk", "perl", "debian")


@dataclass(frozen=True)
class Gone:
    """`debian` and `ubuntu` are the first releases without the package (None: it is there, or not known)."""

    instead: str
    debian: int | None = None
    ubuntu: float | None = None


# Debian 12's column was read from its package lists. Mesa's and GdkPixbuf's were empty packages that Debian 13 dropped:
# https://github.com/89luca89/distrobox/pull/1005, https://github.com/huggingface/lerobot/pull/1735;
# software-properties-common: https://bugs.debian.org/1038747;
# policykit-1: https://github.com/zocker-160/thinkfan-ui/issues/25.
PACKAGES = {
    "libgl1-mesa-glx": Gone("libgl1", 13, 23.10),
    "libegl1-mesa": Gone("libegl1", 13, 23.10),
    "libgles2-mesa": Gone("libgles2", 13, 23.10),
    "libgdk-pixbuf2.0-0": Gone("libgdk-pixbuf-2.0-0", 13),
    "policykit-1": Gone("polkitd", 13),
    "software-properties-common": Gone("", 13),
    "netcat": Gone("netcat-openbsd", 12),
    "python2": Gone("python3", 12),
    "libssl1.1": Gone("libssl3", 12, 22.04),
    "libffi7": Gone("libffi8", 12, 22.04),
    "libwebp6": Gone("libwebp7", 12),
    "libtiff5": Gone("libtiff6", 12),
    "openjdk-11-jre-headless": Gone("openjdk-17-jre-headless", 12),
}


@dataclass(frozen=True)
class Release:
    """A release of a distribution. `named` is False where the image's tag leaves it to whoever builds the image."""

    system: str
    number: float
    named: bool = True

    def __str__(self) -> str:
        number = f"{self.number:.2f}" if self.system == "Ubuntu" else f"{self.number:g}"
        return f"{self.system} {'sid' if self.number == NAMES['sid'] else number}"

    def lacks(self, package: str) -> Gone | None:
        """What is known of a package that this release has not."""
        known = PACKAGES.get(package)
        if known is None:
            return None
        first = known.debian if self.system == "Debian" else known.ubuntu
        return known if first is not None and self.number >= first else None


def release(image: str) -> Release | None:
    """The release that an image is built on, by its name alone; None where that does not tell."""
    path, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    for word in re.split(r"[-_.]", tag.lower()):
        if word in NAMES and (word != "sid" or path == "debian"):
            return Release("Debian", NAMES[word])
        if word in UBUNTU:
            return Release("Ubuntu", UBUNTU[word])
    number = re.match(r"\d+(\.\d+)?", tag)
    if path == "debian" and number:
        return Release("Debian", int(float(number[0])))
    if found := re.search(r"(?:^|ubuntu-?)(\d\d\.\d\d)", tag) if path == "ubuntu" or "ubuntu" in tag else None:
        return Release("Ubuntu", float(found[1]))
    official = image.count("/") == 0 or image.startswith(("docker.io/library/", "library/"))
    if path in OFFICIAL and official and "alpine" not in tag and "@" not in image:
        return Release("Debian", NEWEST, named=False)
    return None
