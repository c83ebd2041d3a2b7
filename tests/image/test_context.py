"""The context of a build: what `.dockerignore` leaves of it, as BuildKit itself has it."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import docker
import pytest

from tasks.image import Recipe, context
from tasks.image.buildkit import BuildKit

TREE = (
    "README.md", "notes.txt", "src/app.py", "src/app.pyc", "src/deep/er/mod.py", "src/deep/er/mod.pyc",
    "src/deep/notes.txt", "docs/README.md", "docs/a/b/c.md", "data/one.bin", "data/keep/two.bin", "data/keep/x/y.txt",
    "a+b.txt", "a[1].txt", "b1.txt", "b2.txt", "bx.txt", "xfoo", "deep/xfoo", "deep/foo", "ä/ü.txt", "env/local.lock",
    "env/local.env", "poetry.lock", " #odd", "$x.txt",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A context with files that patterns can tell apart."""
    made = tmp_path / "context"
    for name in TREE:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    (made / "data" / "empty").mkdir()
    (made / "src" / "link").symlink_to("deep")
    (made / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return made


def ours(root: Path) -> list[str]:
    return [path for path, _ in context.entries(root / "Dockerfile", root)]


def in_the_image(engine: docker.DockerClient, root: Path) -> list[str]:
    """What `COPY . /` brings into an image, of BuildKit's context."""
    image_id = BuildKit(engine).build(Recipe(root / "Dockerfile", root), "linux/amd64").image_id
    try:
        with tarfile.open(fileobj=io.BytesIO(b"".join(engine.images.get(image_id).save()))) as image:
            layer = next(each for each in image if each.name.endswith("layer.tar") or "blobs" in each.name)
            with tarfile.open(fileobj=io.BytesIO(image.extractfile(layer).read())) as files:  # type: ignore[union-attr]
                return sorted(name for each in files if (name := each.name.strip("/")))
    finally:
        engine.images.remove(image_id, force=True)


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "data\nsrc/*.pyc\n/docs/\n",
        "**/*.pyc\n**/notes.txt\n",
        "*\n!src\n",
        "*\n!src/**\n**/*.pyc\n",
        "data\n!data/keep/x\n",
        "data/**\n!data/keep/*\n",
        "*.md\n!README.md\n!docs/*.md\n",
        "b[1-2].txt\na\\[1\\].txt\n$x.txt\n",
        "b[^1].txt\n?foo\n",
        "deep/**\n\xe4\n",
        "# comment\n #odd\n  notes.txt  \n\n./src/../data\n//docs\n",
        ".dockerignore\nDockerfile\n.\n/\n",
    ],
)
def test_the_context_is_that_of_buildkit(engine: docker.DockerClient, root: Path, lines: str) -> None:
    (root / ".dockerignore").write_text(lines)
    found = [path for path in in_the_image(engine, root) if not context.is_pin(path)]
    assert ours(root) == found


@pytest.mark.parametrize(
    "lines", ["*\n!**/*.md\n", "**foo\n", "src/deep\n!src\n", "**/deep\n!**/mod.py\n", "*\n!**.md\n"]
)
def test_where_versions_of_buildkit_differ_nothing_is_missed(
    engine: docker.DockerClient, root: Path, lines: str
) -> None:
    (root / ".dockerignore").write_text(lines)
    found = {path for path in in_the_image(engine, root) if not context.is_pin(path)}
    assert found <= set(ours(root))


@pytest.mark.parametrize("exception", ["!**/*.md", "!**.md"])
def test_an_exception_anywhere_is_found(root: Path, exception: str) -> None:
    """The engine here may be older than Docker 23, which reads the second one like the first."""
    (root / ".dockerignore").write_text(f"*\n{exception}\n")
    assert ours(root) == ["README.md", "docs", "docs/README.md", "docs/a", "docs/a/b", "docs/a/b/c.md"]


def test_a_dockerignore_beside_the_dockerfile_wins(root: Path) -> None:
    (root / ".dockerignore").write_text("src\n")
    assert "src/app.py" not in ours(root)
    (root / "Dockerfile.dockerignore").write_text("other\n")
    assert "src/app.py" in ours(root)


def test_pins_are_no_part_of_it(root: Path) -> None:
    (root / "env" / "conda.lock").write_text("of no environment")
    assert "env/local.lock" not in ours(root)
    assert {"poetry.lock", "env/local.env", "env/conda.lock"} <= set(ours(root))


@pytest.mark.parametrize("line", ["!", "a[", "[z-a]"])
def test_a_line_that_is_no_pattern(root: Path, line: str) -> None:
    (root / ".dockerignore").write_text(line)
    with pytest.raises(ValueError, match="no"):
        ours(root)


def test_a_folder_that_is_left_out_is_not_looked_into(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".dockerignore").write_text("data\n!src/app.py\n")
    looked: list[str] = []
    scandir = os.scandir

    def watched(path: str) -> object:
        looked.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    ours(root)
    assert not any("/data/" in path for path in looked)
    assert any(path.endswith("/src/") for path in looked)
