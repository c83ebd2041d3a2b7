"""The steps of a Dockerfile, as builders write them down and as people read them."""

from __future__ import annotations

import pytest

from tasks.image.steps import clean, of_layers

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("RUN /bin/sh -c pip install . # buildkit", "RUN pip install ."),
        ("RUN |1 VERSION=two words /bin/sh -c echo $VERSION # buildkit", "RUN echo $VERSION"),
        ("COPY app.py /app/ # buildkit", "COPY app.py /app/"),
        ("WORKDIR /app", "WORKDIR /app"),
        ("RUN /bin/bash -o pipefail -c a | b # buildkit", "RUN /bin/bash -o pipefail -c a | b"),
        ("/bin/sh -c apt-get update &&     apt-get install x\t", "RUN apt-get update && apt-get install x"),
        ("|2 TOKEN=hush A=b /bin/sh -c make", "RUN make"),
        (f"/bin/sh -c #(nop) COPY file:{HASH} in /app.py ", "COPY file:0123456789ab in /app.py"),
        (f"/bin/sh -c #(nop) ADD multi:{HASH} in / ", "ADD multi:0123456789ab in /"),
        ("/bin/sh -c #(nop) WORKDIR /app", "WORKDIR /app"),
        ("# debian.sh --arch 'amd64' out/ 'bookworm'", "# debian.sh --arch 'amd64' out/ 'bookworm'"),
        ("Imported from -", "Imported from -"),
        ("", ""),
    ],
)
def test_what_builders_write_is_shown_as_the_dockerfile_has_it(said: str, shown: str) -> None:
    assert clean(said) == shown


def test_each_layer_has_the_step_that_made_it() -> None:
    history = [
        {"comment": "Imported from -"},
        {"created_by": "ENV A=b", "empty_layer": True},
        {"created_by": "COPY a / # buildkit"},
    ]
    assert of_layers({"history": history}, 2) == ["Imported from -", "COPY a /"]
    assert of_layers({"history": history}, 3) == ["", "", ""], "a history that is not that of the layers tells nothing"
    assert of_layers({}, 1) == [""]
