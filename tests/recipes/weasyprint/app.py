"""A small API that makes PDFs, for the tests of the recipe."""

from __future__ import annotations

from flask import Flask, Response
from weasyprint import HTML

app = Flask(__name__)
WORD = "one"


@app.get("/health")
def health() -> Response:
    return Response(status=200)


@app.get("/report")
def report() -> Response:
    page = HTML(string=f"<style>body {{ font-family: sans-serif }}</style><h1>Report {WORD}</h1><p>Größe 10 €</p>")
    return Response(page.write_pdf(), mimetype="application/pdf")
