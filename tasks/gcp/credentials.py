"""Who speaks to Google: an access token that was given, else application default credentials."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from ..errors import DockyardError, SettingError

TOKEN = "CLOUDSDK_AUTH_ACCESS_TOKEN"  # noqa: S105 - the name of gcloud's own variable
FILE = "GOOGLE_APPLICATION_CREDENTIALS"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGIN = "gcloud auth application-default login"


def credentials(*, plain: bool = False) -> Any:
    """Google's credentials object, one for each identity: of CLOUDSDK_AUTH_ACCESS_TOKEN, else the default ones.

    A `plain` endpoint gets only a token that was given, else nobody's: others are never sent unencrypted.
    Raises DockyardError where there are none, SettingError without google-auth.
    """
    return _credentials(plain, os.environ.get(TOKEN, ""), os.environ.get(FILE, ""))


@cache
def _credentials(plain: bool, token: str, _file: str) -> Any:
    try:
        import google.auth
        from google.auth.credentials import AnonymousCredentials
        from google.auth.exceptions import GoogleAuthError
        from google.oauth2.credentials import Credentials
    except ModuleNotFoundError:
        raise SettingError(
            "Google Cloud needs its SDKs, which are not installed here; type pip install 'dockyard[gcp]'."
        ) from None
    if token:
        return Credentials(token)  # type: ignore[no-untyped-call]
    if plain:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    try:
        found, _project = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError as error:
        raise DockyardError(f"There are no Google credentials to use ({error}): type {LOGIN}.") from None
    return found


def authorization(*, plain: bool = False) -> str:
    """The value of an `Authorization` header, refreshed where it has expired; "" for nobody. Never print it.

    Raises DockyardError.
    """
    from .faults import told

    found = credentials(plain=plain)
    with told():
        if not found.valid:
            from google.auth.transport.urllib3 import Request
            from urllib3 import PoolManager

            found.refresh(Request(PoolManager()))  # type: ignore[no-untyped-call]
    return f"Bearer {found.token}" if found.token else ""
