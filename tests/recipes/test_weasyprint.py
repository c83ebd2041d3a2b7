"""The weasyprint recipe: a PDF out of production, and what development has besides."""

from __future__ import annotations

import time

from docker.models.images import Image

from .projects import RECIPES, Project


def test_production_makes_a_pdf_with_its_font_in_it(weasyprint: Project, weasyprint_image: Image) -> None:
    with weasyprint.serving(weasyprint_image) as it:
        answer = it.get("/report")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert b"%%EOF" in answer.content[-10:]
        drawn = "from weasyprint import HTML; HTML(string='<p>Größe').write_pdf('/tmp/a.pdf', uncompressed_pdf=True)"
        assert it.container.exec_run(["python", "-c", drawn]) == (0, b"")
        assert b"DejaVu" in it.container.exec_run(["cat", "/tmp/a.pdf"]).output
        caches = it.container.exec_run(["find", "/tmp", "-name", "*fontconfig*"]).output
        assert caches == b"", "the fonts' cache of the image is stale, so that each start makes another one"


def test_production_has_nothing_of_development(weasyprint: Project, weasyprint_image: Image) -> None:
    found = weasyprint.engine.containers.run(
        str(weasyprint_image.id), ["find", "/opt", "-name", "pytest", "-o", "-name", "uv"], remove=True
    )
    assert found == b""


def test_development_runs_its_tools_and_serves_a_file_that_changes(weasyprint: Project) -> None:
    weasyprint.set(STAGE="development")
    try:
        image = weasyprint.build("development")
    finally:
        weasyprint.set(STAGE="")
    source = weasyprint.root / "mounted"
    source.mkdir()
    (source / "app.py").write_text(
        "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef root(): return 'one'\n"
    )
    source.chmod(0o755)
    with weasyprint.serving(image, volumes={str(source): {"bind": "/app", "mode": "ro"}}) as it:
        assert it.get("/").text == "one"
        assert it.container.exec_run(["pytest", "--version"]).exit_code == 0
        (source / "app.py").write_text((source / "app.py").read_text().replace("'one'", "'two'"))
        deadline = time.monotonic() + 15
        while it.get("/").text != "two" and time.monotonic() < deadline:
            time.sleep(0.2)
        assert it.get("/").text == "two", it.logs


def test_both_recipes_build_their_packages_word_for_word_alike() -> None:
    def stage(recipe: str) -> str:
        text = (RECIPES / recipe / "Dockerfile").read_text()
        begin = text.index("ARG PYTHON=")
        return text[begin : text.index("\nFROM ", text.index("AS build\n"))]

    assert stage("weasyprint") == stage("api")
    assert (RECIPES / "weasyprint/.dockerignore").read_text() == (RECIPES / "api/.dockerignore").read_text()
