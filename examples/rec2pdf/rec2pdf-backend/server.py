"""A small backend in rec2pdf's place: the endpoint that releases are judged by, and torch at work on a recording."""

from __future__ import annotations

import io
import platform
import wave
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

if TYPE_CHECKING:
    import torch

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 32 << 20  # bytes, as many as Cloud Run lets through
WINDOW = 1024  # samples of one spectrum


@app.get("/api/health")
def health() -> dict[str, str]:
    """Status, and the machine that the image was built for."""
    return {"status": "ok", "machine": platform.machine()}


@app.get("/api/engine")
def engine() -> dict[str, str | None]:
    """The torch that computes: its version, and the CUDA that it was built for, which is none."""
    import torch  # takes seconds, which a start need not wait for

    return {"torch": torch.__version__, "cuda": torch.version.cuda}


@app.post("/api/spectrum")
def spectrum() -> Response:
    """The loudest frequency, in hertz, and the seconds of a recording: the body, a WAV file of 16-bit samples."""
    try:
        sound, rate = samples(request.get_data())
    except (EOFError, ValueError, wave.Error) as error:
        return refused(f"the body is no WAV file of 16-bit samples: {error}")
    if len(sound) < WINDOW:
        return refused(f"a recording has {WINDOW} samples at least, this one {len(sound)}")
    return jsonify(seconds=round(len(sound) / rate, 3), loudest=loudest(sound, rate))


def samples(content: bytes) -> tuple[torch.Tensor, int]:
    """The first channel of a WAV file, from -1 to 1, and its samples a second."""
    import torch

    with wave.open(io.BytesIO(content)) as sound:
        if sound.getsampwidth() != 2:
            raise ValueError(f"{8 * sound.getsampwidth()} bits")
        if not sound.getframerate():
            raise ValueError("0 samples a second")
        every = torch.frombuffer(bytearray(sound.readframes(sound.getnframes())), dtype=torch.int16)
        return every[:: sound.getnchannels()] / 32768, sound.getframerate()


def loudest(sound: torch.Tensor, rate: int) -> float:
    """The frequency that has most of the power, in hertz."""
    import torch

    each = torch.stft(sound, WINDOW, hop_length=WINDOW, window=torch.hann_window(WINDOW), return_complex=True)
    power = each.abs().square().mean(dim=1)
    return round(float(power.argmax()) * rate / WINDOW, 1)


def refused(why: str) -> Response:
    """What a client did wrong."""
    answer = jsonify(detail=why)
    answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return answer
