"""The cpu-torch recipe: torch at work without CUDA, and builds that fail where CUDA or another file came along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

from tests.image.tidy import empty
from tests.torch_index import VERSION, index

from .projects import Project
from .wheels import wheel

COMPUTE = "import torch; print(torch.__version__, torch.version.cuda, torch.fft.rfft(torch.ones(4)).real.tolist())"


@pytest.fixture
def light(engine: docker.DockerClient, repository: str, service: str, tmp_path: Path) -> Iterator[Project]:
    """A project of the recipe whose packages are small stand-ins."""
    made = Project(tmp_path / service, "cpu-torch", repository, engine)
    made.write()
    yield made
    empty(engine, repository, service)


@pytest.fixture
def wheels(light: Project, tmp_path: Path) -> Iterator[Path]:
    """A folder whose wheels are at TORCH_INDEX."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with index(folder) as url:
        light.set(BUILD_ARG_TORCH_INDEX=url)
        yield folder


def failed(project: Project, *lock: str) -> str:
    """What `inv build` says of that lock, which it must not build."""
    (project.root / "requirements.txt").write_text("".join(lock))
    return project.failed()


def torch(folder: Path, version: str, cuda: str | None) -> str:
    """A stand-in for torch that says what it was built for."""
    modules = {"torch/__init__.py": f"from . import version\n__version__ = '{version}'\n"}
    return wheel(folder, "torch", version, modules | {"torch/version.py": f"cuda = {cuda!r}\n"})


def test_torch_computes_on_the_cpu_under_a_read_only_root(cpu_torch: Project, cpu_torch_image: Image) -> None:
    with cpu_torch.running(cpu_torch_image, ["python", "-c", COMPUTE]) as it:
        assert it.container.wait(timeout=60)["StatusCode"] == 0, it.logs
        assert it.logs == f"{VERSION} None [4.0, 0.0, 0.0]\n"


def test_nothing_of_cuda_is_in_the_image(cpu_torch: Project, cpu_torch_image: Image) -> None:
    names = ("nvidia*.dist-info", "triton*.dist-info", "libcudart*", "libcublas*", "libtorch_cuda*")
    words = ["find", "/opt/venv", *[word for name in names for word in ("-iname", name, "-o")][:-1]]
    assert cpu_torch.engine.containers.run(str(cpu_torch_image.id), words, remove=True) == b""


def test_a_build_that_gets_torch_for_cuda_fails_and_says_what_to_write(light: Project, wheels: Path) -> None:
    said = failed(light, torch(wheels, "2.8.0+cu128", "12.8"))
    assert "CUDA came along: torch 2.8.0+cu128 for CUDA 12.8." in said
    assert "Write torch==VERSION+cpu in requirements.in" in said


@pytest.mark.parametrize("name", ["nvidia-stand-in-cu12", "triton", "pytorch-triton-stand-in"])
def test_a_build_that_gets_packages_of_cuda_fails_and_names_them(light: Project, wheels: Path, name: str) -> None:
    said = failed(light, torch(wheels, "2.8.0+cpu", None), wheel(wheels, name, "1.0+stand.in"))
    assert f"CUDA came along: {name}." in said


def test_packages_that_only_have_a_name_like_those_of_cuda_are_let_in(light: Project, wheels: Path) -> None:
    lock = [wheel(wheels, name, "1.0+stand.in") for name in ("tritonclient", "nvidia-ml-py")]
    (light.root / "requirements.txt").write_text("".join([torch(wheels, "2.8.0+cpu", None), *lock]))
    light.build("v1")


def test_a_file_that_is_not_the_locked_one_fails_and_is_explained(light: Project, wheels: Path) -> None:
    line = torch(wheels, "2.8.0+cpu", None)
    said = failed(light, f"{line.partition('sha256:')[0]}sha256:{'0' * 64}\n")
    assert "What was downloaded is not what its hash says" in said
    assert "type inv build --no-cache" in said.lower()


def test_a_package_that_the_index_of_torch_has_of_another_version_is_not_taken_from_there(
    light: Project, wheels: Path
) -> None:
    wheel(wheels, "itsdangerous", "2.1.0", {"itsdangerous/__init__.py": "raise SystemExit('the wrong one')\n"})
    published = "itsdangerous==2.2.0 --hash=sha256:c6242fc49e35958c8b15141343aa660db5fc54d4f13a1db01a3f5891b98700ef\n"
    (light.root / "requirements.txt").write_text(torch(wheels, "2.8.0+cpu", None) + published)
    image = light.build("v1")
    said = light.engine.containers.run(str(image.id), ["python", "-c", "import itsdangerous, torch"], remove=True)
    assert said == b""


def test_an_index_with_a_password_is_a_secret(
    api_image: Image, light: Project, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api_image  # its uv, out of the cache, as this index has none
    (tmp_path / "private").mkdir()
    ours = wheel(tmp_path / "private", "ours", "1.0", {"ours.py": ""})
    (light.root / "requirements.txt").write_text(torch(wheels, "2.8.0+cpu", None) + ours)
    with index(tmp_path / "private") as url:
        monkeypatch.setenv("PRIVATE", url.replace("//", "//user:pa55word@"))
        light.set(BUILD_SECRET_PIP_INDEX_URL="env:PRIVATE")
        image = light.build("v1")
    assert light.engine.containers.run(str(image.id), ["python", "-c", "import ours, torch"], remove=True) == b""
    assert "pa55word" not in json.dumps([image.history(), image.attrs])


def test_packages_of_the_system_are_installed_where_they_are_asked_for(light: Project, wheels: Path) -> None:
    (light.root / "requirements.txt").write_text(torch(wheels, "2.8.0+cpu", None))
    light.set(BUILD_ARG_PACKAGES="hello")
    image = str(light.build("v1").id)
    assert light.engine.containers.run(image, ["hello"], remove=True) == b"Hello, world!\n"
    left = ["find", "/var/lib/apt/lists", "/var/cache/apt", "/var/log/apt", "-type", "f"]
    assert light.engine.containers.run(image, ["sh", "-c", f"{' '.join(left)} 2>/dev/null; true"], remove=True) == b""
