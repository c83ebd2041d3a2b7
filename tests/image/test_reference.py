"""Image names as Docker reads them."""

from __future__ import annotations

import pytest

from tasks.errors import SettingError
from tasks.image import reference
from tasks.image.reference import Repository


@pytest.mark.parametrize(
    ("image", "host", "path", "familiar", "url"),
    [
        ("python", "docker.io", "library/python", "python", "https://registry-1.docker.io/v2/library/python"),
        ("team/api", "docker.io", "team/api", "team/api", "https://registry-1.docker.io/v2/team/api"),
        ("docker.io/team/api", "docker.io", "team/api", "team/api", "https://registry-1.docker.io/v2/team/api"),
        (
            "index.docker.io/python",
            "docker.io",
            "library/python",
            "python",
            "https://registry-1.docker.io/v2/library/python",
        ),
        ("ghcr.io/a/b/c", "ghcr.io", "a/b/c", "ghcr.io/a/b/c", "https://ghcr.io/v2/a/b/c"),
        ("localhost/a", "localhost", "a", "localhost/a", "http://localhost/v2/a"),
        ("localhost:5000/a", "localhost:5000", "a", "localhost:5000/a", "http://localhost:5000/v2/a"),
        ("127.0.0.1:5000/t/a", "127.0.0.1:5000", "t/a", "127.0.0.1:5000/t/a", "http://127.0.0.1:5000/v2/t/a"),
        ("127.9.9.9/a", "127.9.9.9", "a", "127.9.9.9/a", "http://127.9.9.9/v2/a"),
        ("[::1]:5000/a", "[::1]:5000", "a", "[::1]:5000/a", "http://[::1]:5000/v2/a"),
        ("host:5000/a", "host:5000", "a", "host:5000/a", "https://host:5000/v2/a"),
        ("10.0.0.1:5000/a", "10.0.0.1:5000", "a", "10.0.0.1:5000/a", "https://10.0.0.1:5000/v2/a"),
    ],
)
def test_a_name_means_a_repository(image: str, host: str, path: str, familiar: str, url: str) -> None:
    found = reference.parse(image)
    assert found == Repository(host, path)
    assert (found.familiar, found.url) == (familiar, url)


@pytest.mark.parametrize("image", ["", "Team/Api", "api:v1", f"api@sha256:{'0' * 64}", "a//b", "https://x/y", "a b"])
def test_what_is_no_repository(image: str) -> None:
    with pytest.raises(SettingError, match=r"is no repository: write \[HOST"):
        reference.parse(image)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("python", ("python", "latest")),
        ("python:3.11", ("python", "3.11")),
        ("127.0.0.1:5000/a", ("127.0.0.1:5000/a", "latest")),
        ("127.0.0.1:5000/a:v1", ("127.0.0.1:5000/a", "v1")),
        ("a@sha256:1", ("a", "sha256:1")),
        ("127.0.0.1:5000/a:v1@sha256:1", ("127.0.0.1:5000/a", "sha256:1")),
    ],
)
def test_a_reference_is_split(name: str, parts: tuple[str, str]) -> None:
    assert reference.split(name) == parts
