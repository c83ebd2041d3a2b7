"""PNG of eight bits a channel, written and read: pictures to send, and the transparency of what comes back."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = {2: 3, 6: 4}  # channels of a pixel, by PNG's colour type: RGB, RGBA


@dataclass(frozen=True)
class Picture:
    """`rows` hold the bytes of their pixels, `channels` each."""

    width: int
    height: int
    channels: int
    rows: list[bytes]

    def alpha(self, x: int, y: int) -> int:
        """How opaque a pixel is, 0 to 255."""
        return self.rows[y][x * self.channels + 3]


def written(width: int, height: int, colour: Callable[[int, int], tuple[int, int, int]]) -> bytes:
    """A picture whose pixel at (x, y) has the colour that the function gives."""
    rows = (bytes(part for x in range(width) for part in colour(x, y)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = zlib.compress(b"".join(b"\0" + row for row in rows))
    return SIGNATURE + b"".join((chunk(b"IHDR", header), chunk(b"IDAT", content), chunk(b"IEND", b"")))


def chunk(name: bytes, content: bytes) -> bytes:
    """A part of the file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def read(data: bytes) -> Picture:
    """A picture out of its file, which must be neither interlaced nor of a palette."""
    assert data.startswith(SIGNATURE)
    parts = dict[bytes, bytes]()
    at = len(SIGNATURE)
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        parts[name] = parts.get(name, b"") + data[at + 8 : at + 8 + length]
        at += length + 12
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, interlaced) == (8, 0)
    channels = COLOURS[colours]
    packed = zlib.decompress(parts[b"IDAT"])
    size = width * channels + 1
    rows, above = [], bytes(width * channels)
    for y in range(height):
        above = unfiltered(packed[y * size], packed[y * size + 1 : (y + 1) * size], above, channels)
        rows.append(above)
    return Picture(width, height, channels, rows)


def unfiltered(kind: int, row: bytes, above: bytes, channels: int) -> bytes:
    """A row as it was before its filter, which goes by the pixels to the left and above (PNG, section 9)."""
    found = bytearray()
    for at, byte in enumerate(row):
        left = found[at - channels] if at >= channels else 0
        corner = above[at - channels] if at >= channels else 0
        guess = (0, left, above[at], (left + above[at]) // 2, paeth(left, above[at], corner))[kind]
        found.append((byte + guess) % 256)
    return bytes(found)


def paeth(left: int, up: int, corner: int) -> int:
    """The nearest of three to what they would make together."""
    wanted = left + up - corner
    return min((left, up, corner), key=lambda each: abs(wanted - each))
