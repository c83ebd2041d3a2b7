"""Docker's contexts, read as Docker's CLI writes them.

The SDK's own reader looks into the working directory where there is no `config.json`, which `docker context create`
does not make.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.tls import TLSConfig

from ...errors import SettingError


@dataclass(frozen=True)
class Context:
    """Where a context's engine is (`unix:///…`, `tcp://…`, `ssh://…`), and the TLS material for it."""

    address: str
    tls: TLSConfig | None = None


def folder(environ: Mapping[str, str]) -> Path:
    """Where Docker's CLI keeps its configuration."""
    return Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def current(environ: Mapping[str, str]) -> str:
    """The context to use where none is named: the variable `DOCKER_CONTEXT`, else what `docker context use` wrote."""
    if environ.get("DOCKER_CONTEXT"):
        return environ["DOCKER_CONTEXT"]
    try:
        return str(json.loads((folder(environ) / "config.json").read_bytes()).get("currentContext") or "default")
    except (OSError, ValueError):
        return "default"


def names(environ: Mapping[str, str]) -> list[str]:
    """All contexts, `default` first."""
    found = (json.loads(path.read_bytes()) for path in (folder(environ) / "contexts" / "meta").glob("*/meta.json"))
    return ["default", *sorted(str(each["Name"]) for each in found)]


def find(name: str, environ: Mapping[str, str] = os.environ) -> Context | None:
    """A context by its name; None for `default`. Raises SettingError for an unknown one."""
    if name == "default":
        return None
    known = hashlib.sha256(name.encode()).hexdigest()
    try:
        meta = json.loads((folder(environ) / "contexts" / "meta" / known / "meta.json").read_bytes())
        endpoint = meta["Endpoints"]["docker"]
        address = str(endpoint["Host"])
    except FileNotFoundError:
        raise SettingError(
            f"There is no Docker context {name!r} (there is {', '.join(names(environ))}): set DOCKER_CONTEXT to one of "
            f"them, or make it with `docker context create {name} --docker host=ssh://HOST`."
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise SettingError(
            f"The Docker context {name!r} cannot be read ({error}): make it anew with `docker context rm {name}` "
            f"and `docker context create {name} --docker host=ssh://HOST`."
        ) from error
    material = folder(environ) / "contexts" / "tls" / known / "docker"
    return Context(address, tls(material, skip=bool(endpoint.get("SkipTLSVerify"))))


def tls(material: Path, *, skip: bool) -> TLSConfig | None:
    """The certificates of a context, where it has any; `skip` takes whatever certificate the engine shows."""
    ca, cert, key = (
        str(path) if (path := material / f"{name}.pem").is_file() else "" for name in ("ca", "cert", "key")
    )
    if not (ca or cert):
        return None
    return TLSConfig(client_cert=(cert, key) if cert and key else None, ca_cert=ca or None, verify=not skip)
