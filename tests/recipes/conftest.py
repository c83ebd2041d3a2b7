"""Each recipe built once for all of its tests, by `inv build`, and its images taken away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

from tests.image.tidy import empty

from .projects import Project


def project(
    recipe: str, engine: docker.DockerClient, registry: str, folder: Path, requirements: str = ""
) -> Iterator[Project]:
    name = f"t{uuid.uuid4().hex[:8]}"
    made = Project(folder / name, recipe, f"{registry}/test/{name}", engine, requirements)
    made.write()
    yield made
    empty(engine, made.image, name)


@pytest.fixture(scope="session")
def api(engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of the api recipe."""
    yield from project("api", engine, registry, tmp_path_factory.mktemp("recipes"))


@pytest.fixture(scope="session")
def weasyprint(
    engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project of the weasyprint recipe."""
    yield from project("weasyprint", engine, registry, tmp_path_factory.mktemp("recipes"))


@pytest.fixture(scope="session")
def ffmpeg(engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of the ffmpeg recipe."""
    folder = tmp_path_factory.mktemp("recipes")
    yield from project("ffmpeg", engine, registry, folder, "syncscribe/requirements.txt")


@pytest.fixture(scope="session")
def api_image(api: Project) -> Image:
    """Its image."""
    return api.build("v1")


@pytest.fixture(scope="session")
def weasyprint_image(weasyprint: Project) -> Image:
    """Its production image."""
    return weasyprint.build("v1")


@pytest.fixture(scope="session")
def ffmpeg_image(ffmpeg: Project) -> Image:
    """Its production image."""
    ffmpeg.set(MAX_IMAGE_SIZE="1GB")
    return ffmpeg.build("v1")


@pytest.fixture(scope="session")
def cpu_torch(
    engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory, torch_cpu: str
) -> Iterator[Project]:
    """A project of the cpu-torch recipe, with the packages of the rec2pdf example by the same build args."""
    lock = "rec2pdf-backend/requirements.txt"
    for made in project("cpu-torch", engine, registry, tmp_path_factory.mktemp("recipes"), f"rec2pdf/{lock}"):
        (made.root / lock).parent.mkdir()
        (made.root / "requirements.txt").rename(made.root / lock)
        made.set(BUILD_ARG_REQUIREMENTS=lock, BUILD_ARG_PIP_DEFAULT_TIMEOUT="1000")
        made.set(BUILD_ARG_PIP_EXTRA_INDEX_URL=torch_cpu)
        yield made


@pytest.fixture(scope="session")
def cpu_torch_image(cpu_torch: Project) -> Image:
    """Its image."""
    return cpu_torch.build("v1")


@pytest.fixture(scope="session")
def cuda(engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of the cuda recipe, with the packages of the inspirenet example."""
    folder = tmp_path_factory.mktemp("recipes")
    yield from project("cuda", engine, registry, folder, "inspirenet/requirements.txt")


@pytest.fixture(scope="session")
def cuda_image(cuda: Project) -> Image:
    """Its image: torch with CUDA 12."""
    return cuda.build("v1")


@pytest.fixture(scope="session")
def cuda_few(engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of the cuda recipe whose packages are few: neither torch nor anything of CUDA."""
    folder = tmp_path_factory.mktemp("recipes")
    yield from project("cuda", engine, registry, folder, "inspirenet/requirements-cpu.txt")


@pytest.fixture(scope="session")
def cuda_few_image(cuda_few: Project) -> Image:
    """Its image, without a checkpoint."""
    return cuda_few.build("v1")


@pytest.fixture(params=["api", "weasyprint", "cpu_torch", "cuda", "ffmpeg"])
def each(request: pytest.FixtureRequest) -> tuple[Project, Image]:
    """Each Python recipe's project and image."""
    return request.getfixturevalue(request.param), request.getfixturevalue(f"{request.param}_image")


@pytest.fixture(params=["api", "weasyprint", "cpu_torch", "cuda_few", "ffmpeg"])
def each_to_read(request: pytest.FixtureRequest) -> tuple[Project, Image]:
    """The same, but for an image of 5.5 GB, which takes minutes to be saved: the cuda recipe with few packages."""
    return request.getfixturevalue(request.param), request.getfixturevalue(f"{request.param}_image")
