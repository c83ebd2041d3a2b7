"""What the examples copied: their Dockerfiles are the recipes, and what is their own comes in BUILD_ARG_*."""

from __future__ import annotations

import pytest

from tests.service import REPOSITORY

from .projects import RECIPES

COPIES = {
    "babyshield/Dockerfile": "weasyprint",
    "babyshield/Dockerfile.final": "weasyprint",
    "inspirenet/Dockerfile": "cuda",
    "rec2pdf/rec2pdf-backend/Dockerfile": "cpu-torch",
    "rhesis/apps/backend/Dockerfile": "api",
    "syncscribe/Dockerfile": "ffmpeg",
}


@pytest.mark.parametrize(("copy", "recipe"), COPIES.items(), ids=COPIES)
def test_an_examples_dockerfile_is_its_recipe(copy: str, recipe: str) -> None:
    assert (REPOSITORY / "examples" / copy).read_bytes() == (RECIPES / recipe / "Dockerfile").read_bytes()


@pytest.mark.parametrize("context", ["babyshield", "rhesis/apps/backend", "syncscribe"])
def test_what_stays_out_of_an_examples_context_is_what_the_recipe_leaves_out(context: str) -> None:
    copied = REPOSITORY / "examples" / context / ".dockerignore"
    assert copied.read_bytes() == (RECIPES / "api" / ".dockerignore").read_bytes()


def test_no_example_has_another_dockerfile() -> None:
    found = {str(each.relative_to(REPOSITORY / "examples")) for each in (REPOSITORY / "examples").rglob("Dockerfile*")}
    others = {
        "babyshield/Dockerfile.backend",  # deprecated, to be refused
        "hello/Dockerfile",  # the shortest that runs
        "rhesis/services/Dockerfile",  # the database and the broker of the tests
    }
    assert found - COPIES.keys() <= others
