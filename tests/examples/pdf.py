"""What is written in a PDF, as one that WeasyPrint made has it: glyphs by number, and a table of their characters."""

from __future__ import annotations

import re
import zlib

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
CHARACTER = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]+)>")
SHOWN = re.compile(rb"\[(.*?)\] TJ", re.DOTALL)
GLYPHS = re.compile(rb"<([0-9a-f]+)>")


def lines(document: bytes) -> list[str]:
    """The lines of text of a document whose fonts number their glyphs alike, in the order in which they are drawn."""
    assert document.startswith(b"%PDF-")
    assert document.rstrip().endswith(b"%%EOF")
    streams = [zlib.decompress(found) for found in STREAM.findall(document)]
    characters: dict[bytes, str] = {}
    for stream in streams:
        if b"begincmap" in stream:
            for glyph, character in CHARACTER.findall(stream.partition(b"beginbfchar")[2]):
                characters[glyph] = bytes.fromhex(character.decode()).decode("utf-16-be")
    shown = [b"".join(GLYPHS.findall(found)) for stream in streams for found in SHOWN.findall(stream)]
    return ["".join(characters[line[at : at + 4]] for at in range(0, len(line), 4)) for line in shown]
