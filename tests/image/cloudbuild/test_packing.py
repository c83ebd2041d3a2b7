"""The source of a build as one archive."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from tasks.errors import DockyardError, SettingError
from tasks.image import Recipe
from tasks.image.cloudbuild import packing


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A context with a Dockerfile outside of it, files that are left out, and a link."""
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "src" / "main.py").write_text("print(1)")
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("src/main.py")
    (root / ".build").mkdir()
    (root / ".build" / "left.o").write_text("left over")
    (root / ".dockerignore").write_text(".build\n")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile.final").write_text("FROM scratch\nCOPY . /\n")
    return Recipe(tmp_path / "docker" / "Dockerfile.final", root)


def packed(package: packing.Package) -> tarfile.TarFile:
    file = io.BytesIO()
    packing.pack(package, file)
    file.seek(0)
    return tarfile.open(fileobj=file)


def test_the_context_lies_beside_its_dockerfile_and_nobody_is_named(recipe: Recipe) -> None:
    archive = packed(packing.of(recipe))
    assert sorted(archive.getnames()) == [
        "Dockerfile",
        "context/.dockerignore",
        "context/link",
        "context/run",
        "context/src",
        "context/src/main.py",
    ]
    assert {(each.uid, each.gid, each.uname, each.gname) for each in archive.getmembers()} == {(0, 0, "", "")}
    assert archive.getmember("context/run").mode == 0o755
    assert archive.getmember("context/link").linkname == "src/main.py"
    main = archive.extractfile("context/src/main.py")
    assert main is not None
    assert main.read() == b"print(1)"


def test_the_same_content_has_the_same_name(recipe: Recipe) -> None:
    before = packing.of(recipe)
    os.utime(recipe.context / "run", (1, 1))
    (recipe.context / ".build" / "left.o").write_text("other left-overs")
    assert packing.of(recipe).name == before.name
    assert before.name.startswith("source/")
    assert len(before.name) == len("source/.tgz") + 64


@pytest.mark.parametrize("change", ["content", "mode", "link", "dockerfile", "ignored", "name"])
def test_another_content_has_another_name(recipe: Recipe, change: str) -> None:
    before = packing.of(recipe).name
    if change == "content":
        (recipe.context / "src" / "main.py").write_text("print(2)")
    elif change == "mode":
        (recipe.context / "run").chmod(0o700)
    elif change == "link":
        (recipe.context / "link").unlink()
        (recipe.context / "link").symlink_to("run")
    elif change == "dockerfile":
        recipe.dockerfile.write_text("FROM scratch\n")
    elif change == "ignored":
        recipe.dockerfile.with_name("Dockerfile.final.dockerignore").write_text(".build\n")
    else:
        (recipe.context / "run").rename(recipe.context / "ran")
    assert packing.of(recipe).name != before


def test_the_dockerfiles_own_ignore_file_goes_along(recipe: Recipe) -> None:
    recipe.dockerfile.with_name("Dockerfile.final.dockerignore").write_text("src\n")
    names = packed(packing.of(recipe)).getnames()
    assert "Dockerfile.dockerignore" in names
    assert "context/.build/left.o" in names
    assert "context/src/main.py" not in names


def test_a_bundle_of_certificates_goes_along(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "bundle.pem").write_text("certificates")
    asked = Recipe(recipe.dockerfile, recipe.context, secrets={"ca": f"file:{tmp_path / 'bundle.pem'}"})
    assert "ca.crt" in packed(packing.of(asked)).getnames()
    assert packing.of(asked).name != packing.of(recipe).name


def test_a_configuration_of_the_users_own_finds_the_context_as_it_is(recipe: Recipe) -> None:
    (recipe.context / "Dockerfile").write_text("FROM scratch\n")
    (recipe.context / ".dockerignore").write_text(".build\nDockerfile\n.dockerignore\n")
    own = Recipe(recipe.context / "Dockerfile", recipe.context)
    names = ["Dockerfile", ".dockerignore", "link", "run", "src", "src/main.py"]
    assert sorted(packed(packing.of_context(own)).getnames()) == sorted(names)


def test_two_names_of_one_file_are_two_files(recipe: Recipe) -> None:
    os.link(recipe.context / "run", recipe.context / "again")
    archive = packed(packing.of(recipe))
    assert archive.getmember("context/again").isreg()
    assert archive.getmember("context/run").size == archive.getmember("context/again").size == len("#!/bin/sh\n")


def test_a_socket_is_left_out(recipe: Recipe) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(recipe.context / "s"))
        assert "context/s" not in packed(packing.of(recipe)).getnames()


def test_what_changes_meanwhile_is_not_uploaded_under_a_wrong_name(recipe: Recipe) -> None:
    package = packing.of(recipe)
    (recipe.context / "src" / "main.py").write_text("print(3)")
    with pytest.raises(DockyardError, match=r"main\.py was changed while it was packed: type the command again"):
        packed(package)


def test_an_ignore_file_that_is_none_is_said(recipe: Recipe) -> None:
    (recipe.context / ".dockerignore").write_text("[a\n")
    with pytest.raises(SettingError, match="cannot be packed"):
        packing.of(recipe)
