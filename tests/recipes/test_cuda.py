"""The cuda recipe: what is for CUDA 12 runs on a CPU, too; and a checkpoint is baked in, or mounted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.models.images import Image

from tasks.bases import PYTHON
from tests.torch_index import index

from .projects import Project, layers
from .wheels import wheel

LARGEST = 7_500_000_000  # bytes, uncompressed, with the base
LOOK = """
import json, sys, types
from importlib.metadata import distributions
sys.modules["wget"] = types.ModuleType("wget")  # left out of the lock; it would fetch checkpoints
import cv2, torch, torchvision, transparent_background
found = torchvision.ops.nms(torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 8]]), torch.tensor([0.9, 0.8]), 0.5)
print(json.dumps({
    "names": sorted({each.name.lower() for each in distributions()}),
    "cuda": torch.version.cuda,
    "torch": [int(part) for part in torch.__version__.partition("+")[0].split(".")],
    "windows": next(line for line in cv2.getBuildInformation().splitlines() if "GUI:" in line).split()[1],
    "kept": found.tolist(),
}))
"""
MODEL = b"a checkpoint that stands in for 367 MB\n"
SHA256 = hashlib.sha256(MODEL).hexdigest()


@pytest.fixture(scope="module")
def published(cuda_few: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a checkpoint is to be had."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "model.pth").write_bytes(MODEL)
    with index(folder) as url:
        yield f"{url}model.pth"


@pytest.fixture
def wheels(cuda_few: Project, tmp_path: Path) -> Iterator[Path]:
    """A folder whose wheels the build finds beside those of PyPI, and the lock as it was afterwards."""
    lock = cuda_few.root / "requirements.txt"
    text = lock.read_text()
    with index(tmp_path) as url:
        cuda_few.set(BUILD_ARG_PIP_EXTRA_INDEX_URL=url)
        yield tmp_path
    cuda_few.set(BUILD_ARG_PIP_EXTRA_INDEX_URL="")
    lock.write_text(text)


def inside(it: Project, image: Image, *words: str) -> str:
    """What a program says in a container with a read-only root."""
    said: bytes = it.engine.containers.run(str(image.id), list(words), remove=True, read_only=True, tmpfs={"/tmp": ""})
    return said.decode()


def test_torch_for_cuda_12_and_an_opencv_without_windows_are_imported_on_a_cpu(
    cuda: Project, cuda_image: Image
) -> None:
    found = json.loads(inside(cuda, cuda_image, "python", "-W", "ignore", "-c", LOOK).splitlines()[-1])
    assert found["cuda"].split(".")[0] == "12"
    assert found["torch"] >= [2, 6], "torch.load of a checkpoint runs what is in it, CVE-2025-32434"
    assert found["kept"] == [0]
    assert found["windows"] == "NONE"
    assert [name for name in found["names"] if "opencv" in name] == ["opencv-python-headless"]
    assert [name for name in found["names"] if name.startswith("nvidia-") and not name.endswith("-cu12")] == []


def test_the_image_has_neither_libgl_nor_a_builder_s_tools_nor_what_the_lock_left_out(
    cuda: Project, cuda_image: Image
) -> None:
    unwanted = ["-name", "libGL.so*"]
    for path in ("*/bin/uv", "*/bin/gcc", "*/bin/cc", "*/site-packages/triton", "*/site-packages/numba"):
        unwanted += ["-o", "-path", path]
    assert inside(cuda, cuda_image, "find", "/opt", "/usr", *unwanted) == ""


def test_the_image_is_at_most_as_large_as_it_may_be(cuda: Project, cuda_image: Image) -> None:
    assert cuda_image.attrs["Size"] <= LARGEST


def test_the_driver_s_libraries_are_asked_for_as_an_image_of_nvidia_does(cuda_few_image: Image) -> None:
    assert {"NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"} <= set(
        cuda_few_image.attrs["Config"]["Env"]
    )


def test_a_checkpoint_is_baked_in_above_the_packages_whose_layer_stays(
    cuda_few: Project, cuda_few_image: Image, published: str
) -> None:
    cuda_few.set(BUILD_ARG_CHECKPOINT_URL=published, BUILD_ARG_CHECKPOINT_SHA256=SHA256)
    try:
        baked = cuda_few.build("baked")
    finally:
        cuda_few.set(BUILD_ARG_CHECKPOINT_URL="", BUILD_ARG_CHECKPOINT_SHA256="")
    assert inside(cuda_few, baked, "sh", "-c", "cat $CHECKPOINT").encode() == MODEL
    assert inside(cuda_few, baked, "stat", "--format=%a %u", "/models/checkpoint") == "444 0\n"
    packages = len(layers(cuda_few.engine.images.get(PYTHON))) + 1
    assert layers(baked)[:packages] == layers(cuda_few_image)[:packages]
    assert layers(baked)[packages] != layers(cuda_few_image)[packages]


@pytest.mark.parametrize(("given", "shown"), [("", '""'), ("0" * 64, "0" * 64)], ids=["none", "another"])
def test_a_checkpoint_with_another_checksum_fails_the_build(
    cuda_few: Project, published: str, given: str, shown: str
) -> None:
    cuda_few.set(BUILD_ARG_CHECKPOINT_URL=published, BUILD_ARG_CHECKPOINT_SHA256=given)
    try:
        said = cuda_few.failed()
    finally:
        cuda_few.set(BUILD_ARG_CHECKPOINT_URL="", BUILD_ARG_CHECKPOINT_SHA256="")
    assert f"The checkpoint has SHA-256 {SHA256}, not {shown}." in said
    assert f"set BUILD_ARG_CHECKPOINT_SHA256={SHA256}" in said


def test_a_checkpoint_is_mounted_where_none_is_baked_in(
    cuda_few: Project, cuda_few_image: Image, tmp_path: Path
) -> None:
    assert inside(cuda_few, cuda_few_image, "ls", "/models") == ""
    (tmp_path / "checkpoint").write_bytes(MODEL)
    (tmp_path / "checkpoint").chmod(0o444)
    tmp_path.chmod(0o755)
    with cuda_few.serving(cuda_few_image, volumes={str(tmp_path): {"bind": "/models", "mode": "ro"}}) as it:
        assert it.container.exec_run(["sh", "-c", "cat $CHECKPOINT"]) == (0, MODEL)


def test_torch_for_another_cuda_fails_the_build(cuda_few: Project, wheels: Path) -> None:
    modules = {
        "torch/__init__.py": "from . import version\n__version__ = '2.15.0+cu130'\n",
        "torch/version.py": "cuda = '13.0'\n",
    }
    (cuda_few.root / "requirements.txt").write_text(wheel(wheels, "torch", "2.15.0+cu130", modules))
    said = cuda_few.failed()
    assert "torch 2.15.0+cu130 is for CUDA 13.0. Write one for CUDA 12 in requirements.in" in said
    assert "or set BUILD_ARG_CUDA to what the driver carries" in said


def test_an_opencv_with_windows_fails_the_build(cuda_few: Project, wheels: Path) -> None:
    (cuda_few.root / "requirements.txt").write_text(wheel(wheels, "opencv-python", "5.0+stand.in"))
    said = cuda_few.failed()
    assert "opencv-python needs libGL. Write opencv-python-headless in requirements.in" in said
    assert 'FILE says: opencv-python; sys_platform == "never"' in said
