"""The label of a product, read from its picture: OpenCV looks, tesseract reads the words, zbar the codes."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(50_000_000)  # which it reads when it is imported

import cv2
import numpy as np
from pyzbar import pyzbar

SIDE = 3000  # pixels: a larger picture is scaled down, and tesseract reads it in seconds


class UnreadableError(Exception):
    """What was sent is no picture, or more than can be read."""


@dataclass(frozen=True)
class Code:
    """A barcode or a QR code, by zbar's name of its kind."""

    kind: str
    text: str


@dataclass(frozen=True)
class Label:
    """What a label says."""

    text: str
    codes: list[Code]


def read(content: bytes) -> Label:
    """Words and codes of a picture: PNG, JPEG or what else OpenCV reads. Raises UnreadableError."""
    grey = picture(content)
    codes = sorted((found.type, found.data.decode(errors="replace")) for found in pyzbar.decode(grey))
    return Label(words(grey), [Code(*code) for code in codes])


def picture(content: bytes) -> np.ndarray:
    """A picture in grey, no side of it longer than SIDE. Raises UnreadableError."""
    try:
        grey = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:  # nothing at all, or too many pixels
        grey = None
    if grey is None:
        raise UnreadableError(f"the body of {len(content)} bytes is no picture to be read; send a PNG or a JPEG file")
    height, width = grey.shape
    scale = SIDE / max(height, width)
    if scale >= 1:
        return grey
    return cv2.resize(grey, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)


def words(grey: np.ndarray) -> str:
    """The words in a grey picture, whatever its light. Raises UnreadableError."""
    _, plain = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    _, written = cv2.imencode(".png", plain)
    command = ["tesseract", "stdin", "stdout", "--psm", "11"]
    try:
        said = subprocess.run(command, input=written.tobytes(), capture_output=True, check=True, timeout=30).stdout
    except subprocess.SubprocessError:
        raise UnreadableError("no words can be read from this picture in 30 s; send the label alone") from None
    return " ".join(said.decode().split())
