"""Who speaks to Google: an access token that was given, else application default credentials."""

from __future__ import annotations

import os
import threading
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import DockyardError, SettingError

TOKEN = "CLOUDSDK_AUTH_ACCESS_TOKEN"  # noqa: S105 - the name of gcloud's own variable
FILE = "GOOGLE_APPLICATION_CREDENTIALS"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGIN = "gcloud auth application-default login"
_LOCK = threading.RLock()


def credentials(*, plain: bool = False) -> Any:
    """Google's credentials object, one for each identity: of CLOUDSDK_AUTH_ACCESS_TOKEN, else the default ones.

    A `plain` endpoint gets only a token that was given, else nobody's: others are never sent unencrypted.
    Raises DockyardError where there are none, SettingError without google-auth.
    """
    with _LOCK:
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a login without a quota project: PROJECT is named anyway
            found, _project = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError as error:
        raise DockyardError(f"There are no Google credentials to use ({error}): type {LOGIN}.") from None
    return found


def at_hand() -> bool:
    """Whether there are credentials without a metadata server: looking for one takes seconds where there is none."""
    if os.environ.get(TOKEN) or os.environ.get(FILE):
        return True
    try:
        from google.auth._cloud_sdk import get_application_default_credentials_path as path
    except ModuleNotFoundError:
        return False
    return Path(path()).is_file()  # type: ignore[no-untyped-call]


def default() -> Any:
    """The application default credentials, whether or not a token was given. Raises DockyardError."""
    with _LOCK:
        return _credentials(False, "", os.environ.get(FILE, ""))


def authorization(*, plain: bool = False) -> str:
    """The value of an `Authorization` header, refreshed where it has expired; "" for nobody. Never print it.

    Raises DockyardError.
    """
    found = credentials(plain=plain)
    refresh(found)
    return f"Bearer {found.token}" if found.token else ""


def refresh(found: Any) -> None:
    """Have a token that is valid, asked for once where several threads want it. Raises DockyardError."""
    from .faults import told

    with _LOCK, told():
        if not found.valid:
            from google.auth.transport.requests import Request

            found.refresh(Request())


def who() -> str:
    """Whose credentials are in use, for people: a service account's address, else what they are.

    Raises DockyardError without credentials.
    """
    found = credentials()
    if os.environ.get(TOKEN):
        return TOKEN
    if getattr(found, "service_account_email", None) == "default":  # of a metadata server, which tells with a token
        refresh(found)
    named = getattr(found, "service_account_email", None) or getattr(found, "account", None)
    if named:
        return str(named)
    if getattr(found, "refresh_token", None):
        return "application default credentials of a user"
    return "application default credentials of a federated identity"
