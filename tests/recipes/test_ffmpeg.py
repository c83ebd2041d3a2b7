"""The ffmpeg recipe: what is compiled into it, out of which source, and what is left behind."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from docker.models.images import Image

from tasks.bases import PYTHON
from tests.torch_index import index

from .projects import Project, Running, layers

SECOND = 1_000_000_000  # nanoseconds
PATTERN = "-f lavfi -i testsrc=duration=1:size=160x120:rate=25 -f lavfi -i sine=duration=1"
# A source that is quickly compiled: configure writes down what it is told, and make is given what it makes.
CONFIGURE = r"""#!/bin/sh
{
    printf 'all:\n\tgcc -o ffmpeg ffmpeg.c -lx264\n'
    printf 'install:\n\tinstall -D ffmpeg $(DESTDIR)/usr/local/bin/ffmpeg\n'
} >Makefile
{
    printf '#include <stdio.h>\n#include <stdint.h>\n#include <x264.h>\n'
    printf 'int main() { x264_param_t given; x264_param_default(&given); puts("%s"); }\n' "$*"
} >ffmpeg.c
"""


def said(project: Project, image: Image, line: str) -> str:
    """What a command in the image writes to its outputs."""
    output: bytes = project.engine.containers.run(str(image.id), line.split(), remove=True, stderr=True)
    return output.decode()


def inside(it: Running, line: str) -> bytes:
    """What a command in a running container writes; it must succeed."""
    code, output = it.container.exec_run(line)
    assert isinstance(output, bytes)
    assert code == 0, output
    return output


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libmp3lame", "libopus", "libvpx"])
def test_it_has_each_encoder(ffmpeg: Project, ffmpeg_image: Image, encoder: str) -> None:
    assert f" {encoder} " in said(ffmpeg, ffmpeg_image, "ffmpeg -hide_banner -encoders")


@pytest.mark.parametrize(
    ("file", "flags", "codecs"),
    [
        ("a.mp4", "-c:v libx264 -c:a libmp3lame", {"h264", "mp3"}),
        ("a.mkv", "-c:v libx265 -c:a libopus", {"hevc", "opus"}),
        ("a.webm", "-c:v libvpx -c:a libopus", {"vp8", "opus"}),
    ],
)
def test_it_makes_a_second_of_video_as_user_1000_on_a_read_only_root(
    ffmpeg: Project, ffmpeg_image: Image, file: str, flags: str, codecs: set[str]
) -> None:
    with ffmpeg.running(ffmpeg_image, ["sleep", "60"]) as it:
        inside(it, f"ffmpeg -loglevel error {PATTERN} {flags} /tmp/{file}")
        shown = "format=duration:stream=codec_name"
        found = json.loads(inside(it, f"ffprobe -loglevel error -show_entries {shown} -of json /tmp/{file}"))
    assert {each["codec_name"] for each in found["streams"]} == codecs
    assert float(found["format"]["duration"]) == pytest.approx(1, abs=0.1)


def test_production_has_nothing_of_the_toolchain(ffmpeg: Project, ffmpeg_image: Image) -> None:
    packages = said(ffmpeg, ffmpeg_image, "dpkg-query --show --showformat=${Package}\\n").split()
    assert not {"gcc", "make", "nasm", "dpkg-dev", "pkgconf", "gdb", "strace"} & set(packages)
    assert not [name for name in packages if name.endswith("-dev")]
    assert {"libmp3lame0", "libopus0"} <= set(packages), "the libraries are Debian's own packages, which it mends"
    assert (
        said(ffmpeg, ffmpeg_image, "find /usr/local /opt -name *.a -o -name *.pc -o -name avcodec.h -o -name uv") == ""
    )
    assert not {"ffmpeg", "source", "out", "packages.txt"} & set(said(ffmpeg, ffmpeg_image, "ls /").split())


def test_both_programs_find_their_libraries(ffmpeg: Project, ffmpeg_image: Image) -> None:
    found = said(ffmpeg, ffmpeg_image, "ldd /usr/local/bin/ffmpeg /usr/local/bin/ffprobe")
    assert "libx265" in found
    assert "/usr/local/lib/libavcodec" in found
    assert "not found" not in found


def test_healthcheck_is_as_patient_as_the_work_is_long(ffmpeg_image: Image) -> None:
    check = ffmpeg_image.attrs["Config"]["Healthcheck"]
    assert (check["Interval"], check["Timeout"], check["StartPeriod"]) == (30 * SECOND, 10 * SECOND, 5 * SECOND)
    assert check["Retries"] == 3


def test_development_shares_productions_layers_and_has_tools_besides(ffmpeg: Project, ffmpeg_image: Image) -> None:
    ffmpeg.set(STAGE="development", MAX_IMAGE_SIZE="1.5GB")
    try:
        image = ffmpeg.build("development")
    finally:
        ffmpeg.set(STAGE="", MAX_IMAGE_SIZE="1GB")
    shared = len(layers(ffmpeg.engine.images.get(PYTHON))) + 2  # the libraries' packages, and FFmpeg
    assert layers(image)[:shared] == layers(ffmpeg_image)[:shared]
    assert "GNU gdb" in said(ffmpeg, image, "gdb --version")
    assert image.attrs["Config"]["Cmd"][-1] == "--reload"
    with ffmpeg.serving(image) as it:
        assert it.get("/").json()["word"] in ("one", "two")


@pytest.fixture
def source(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where a tarball of source is served, and its checksum."""
    with tarfile.open(tmp_path / "ffmpeg-9.tar.xz", "w:xz") as archive:
        entry = tarfile.TarInfo("ffmpeg-9/configure")
        entry.size, entry.mode = len(CONFIGURE), 0o755
        archive.addfile(entry, io.BytesIO(CONFIGURE.encode()))
    content = (tmp_path / "ffmpeg-9.tar.xz").read_bytes()
    with index(tmp_path) as url:
        yield f"{url}ffmpeg-9.tar.xz", sha256(content).hexdigest()


def attempt(project: Project, **arguments: str) -> tuple[int, str]:
    """`inv build` with these build arguments: how it ends, and what it says."""
    names = {f"BUILD_ARG_{name}": value for name, value in arguments.items()}
    project.set(**names)
    try:
        ran = project.inv("build", "--tag=attempt")
    finally:
        project.set(**dict.fromkeys(names, ""))
    return ran.returncode, ran.stdout + ran.stderr


def test_a_wrong_checksum_ends_the_build_before_anything_is_compiled(ffmpeg: Project, source: tuple[str, str]) -> None:
    wrong = "0" * 64
    code, told = attempt(ffmpeg, FFMPEG_URL=source[0], FFMPEG_SHA256=wrong)
    assert code == 1
    assert f"FFMPEG_URL={source[0]} does not give a file with FFMPEG_SHA256={wrong}: mend one of them" in told


@pytest.mark.parametrize("alone", ["FFMPEG_URL", "FFMPEG_SHA256"])
def test_url_and_checksum_belong_together(ffmpeg: Project, alone: str) -> None:
    code, told = attempt(ffmpeg, **{alone: "http://127.0.0.1:9/ffmpeg.tar.xz" if alone == "FFMPEG_URL" else "0" * 64})
    assert code == 1
    assert "FFMPEG_URL and FFMPEG_SHA256 belong together: set both, or neither" in told


def test_a_pinned_source_is_configured_with_the_libraries_that_are_asked_for(
    ffmpeg: Project, source: tuple[str, str]
) -> None:
    code, told = attempt(ffmpeg, FFMPEG_URL=source[0], FFMPEG_SHA256=source[1], CONFIGURE="--enable-version3")
    assert code == 0, told
    flags = said(ffmpeg, ffmpeg.engine.images.get(f"{ffmpeg.image}:attempt"), "ffmpeg").split()
    assert {"--enable-gpl", "--enable-libx264", "--enable-libvpx", "--enable-version3"} <= set(flags)
