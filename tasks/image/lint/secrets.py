"""Rules about secrets: whatever stands in an image's layers or history can be read by whoever has the image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from ...environment.secrets import looks_secret, looks_secret_value, names_secret
from .finding import Finding
from .stages import Stage, assigned, sources, split

REFERENCE = re.compile(r"\$\{?\w+(?::?[-+][^}]*)?\}?")
FILES = (
    *(
        ".env",
        ".env.*",
        "*.env",
        "*.pem",
        "*.key",
        "*.p12",
        "*.pfx",
        "*.jks",
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
    ),
    *(".netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".aws", ".ssh", ".docker", ".kube", ".gnupg"),
    *("credentials.json", "service-account*.json", "service_account*.json", "application_default_credentials.json"),
)
HARMLESS = ("*.example", "*.sample", "*.template", "*.pub", "*.dist", "example.env", "sample.env")
MOUNT = "RUN --mount=type=secret,id=…"


def written(every: list[Stage]) -> Iterator[Finding]:
    """A secret as ENV, as ARG or in a command. Its value is not repeated."""
    for stage in every:
        for each in stage.all("ENV", "ARG"):
            for name, value in assigned(each.rest):
                given = value or ""
                looks = looks_secret(name, given) if given else each.word == "ARG" and names_secret(name)
                if not looks:
                    continue
                text = f"{each.word} {name} looks like a secret, and stays readable in the image's history"
                mend = f"take it out; a build step gets it with {MOUNT} and BUILD_SECRET_{name}, the container with "
                yield Finding(each.line, "secret", "error", text, f"{mend}SECRET_{name}")
        for run in stage.all("RUN"):
            for number, line in run.lines:
                if any(looks_secret_value(REFERENCE.sub("", word)) for word in split(line.strip().rstrip("\\"))):
                    text = "a command holds what looks like a secret, and stays readable in the image's history"
                    yield Finding(number, "secret", "error", text, f"read it from a file of {MOUNT}")


def copied(every: list[Stage]) -> Iterator[Finding]:
    """A file that holds secrets by its name, copied into a layer."""
    for stage in every:
        for each in stage.all("COPY", "ADD"):
            for source in sources(each):
                name = source.rstrip("/").rpartition("/")[2]
                if any(fnmatch(name, form) for form in FILES) and not any(fnmatch(name, form) for form in HARMLESS):
                    text = f"{each.word} {source} puts what is secret by its name into a layer, where it stays"
                    mend = f"take it out, name it in .dockerignore, and mount it where a step needs it: {MOUNT}"
                    yield Finding(each.line, "secret-file", "error", text, mend)
