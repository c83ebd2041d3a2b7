"""A recall as a PDF, for somebody who wants it on paper."""

from __future__ import annotations

import logging
from html import escape

from recalls import Recall
from weasyprint import HTML

for each in ("weasyprint", "fontTools"):
    logging.getLogger(each).setLevel(logging.WARNING)  # not each step of each page

PAGE = """<!doctype html>
<html lang="en">
<title>Recall {id}</title>
<style>
  @page {{ size: A4; margin: 25mm; @bottom-right {{ content: counter(page) " / " counter(pages) }} }}
  html {{ font-family: "DejaVu Sans"; font-size: 11pt }}
  h1 {{ font-size: 20pt; font-weight: normal }}
</style>
<h1>Recall {id}</h1>
<p>Product: {product}</p>
<p>Hazard: {hazard}</p>
<p>Agency: {agency}</p>
"""


def pdf(recall: Recall) -> bytes:
    """The report of a recall."""
    said = {name: escape(str(value)) for name, value in vars(recall).items()}
    made: bytes = HTML(string=PAGE.format(**said)).write_pdf()
    return made
