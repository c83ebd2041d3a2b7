"""The weasyprint recipe: a PDF out of production, and what development has besides."""

from __future__ import annotations

import time

from docker.models.images import Image

from .projects import Project


def test_production_makes_a_pdf_with_its_font_in_it(weasyprint: Project, weasyprint_image: Image) -> None:
    with weasyprint.serving(weasyprint_image) as it:
        drawn = "from weasyprint import HTML; HTML(string='<p>Größe').write_pdf('/tmp/a.pdf', uncompressed_pdf=True)"
        assert it.container.exec_run(["python", "-c", drawn]) == (0, b"")
        made = it.container.exec_run(["cat", "/tmp/a.pdf"]).output
        assert isinstance(made, bytes)
        assert made.startswith(b"%PDF-")
        assert b"%%EOF" in made[-10:]
        assert b"DejaVu" in made
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
    (source / "app.py").write_text("def app(environ, start):\n    start('200 OK', [])\n    return [b'one']\n")
    source.chmod(0o755)
    with weasyprint.serving(image, volumes={str(source): {"bind": "/app", "mode": "ro"}}) as it:
        assert it.get("/").text == "one"
        assert it.container.exec_run(["pytest", "--version"]).exit_code == 0
        (source / "app.py").write_text((source / "app.py").read_text().replace("one", "two"))
        deadline = time.monotonic() + 15
        while it.get("/").text != "two" and time.monotonic() < deadline:
            time.sleep(0.2)
        assert it.get("/").text == "two", it.logs
