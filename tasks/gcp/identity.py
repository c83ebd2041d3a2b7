"""Who Dockyard is to a private service: ID tokens, which name the service that they are for."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from typing import Any

from ..errors import DockyardError
from .credentials import FILE, SCOPE, TOKEN, default, refresh


def id_token(audience: str) -> str:
    """An ID token for a service, whose own URL is the `audience`; "" where none can be had. Never print it.

    A service account has one: of a key file, of a metadata server, impersonated or federated. A person has that of the
    login itself, which Cloud Run takes too. An access token alone gives none; beside it, a key file still does.
    """
    if os.environ.get(TOKEN) and not os.environ.get(FILE):
        return ""
    with suppress(DockyardError):  # what is wrong with the credentials is said where they are needed
        found = _source(audience, os.environ.get(FILE, ""))
        if found is not None:
            refresh(found)
            token = found.id_token if hasattr(found, "refresh_token") else found.token
            return str(token or "")
    return ""


@cache
def _source(audience: str, _file: str) -> Any:
    return source(default(), audience)


def source(found: Any, audience: str) -> Any:
    """What gives ID tokens for an audience, of Google's credentials; None for an identity that has none.

    Raises DockyardError.
    """
    from google.auth import compute_engine, external_account, impersonated_credentials
    from google.auth.transport.requests import Request
    from google.oauth2 import credentials, service_account

    from .faults import told

    with told():
        if isinstance(found, service_account.Credentials):
            return service_account.IDTokenCredentials(  # type: ignore[no-untyped-call]
                found.signer, found.service_account_email, found._token_uri, audience
            )
        if isinstance(found, compute_engine.Credentials):
            return compute_engine.IDTokenCredentials(  # type: ignore[no-untyped-call]
                Request(), audience, use_metadata_identity_endpoint=True
            )
        if isinstance(found, external_account.Credentials):
            found = impersonated(found)
        if isinstance(found, impersonated_credentials.Credentials):
            return impersonated_credentials.IDTokenCredentials(  # type: ignore[no-untyped-call]
                found, audience, include_email=True
            )
    return found if isinstance(found, credentials.Credentials) else None


def impersonated(federated: Any) -> Any:
    """The service account that a federated identity acts as; None where it acts as none."""
    from google.auth import impersonated_credentials

    if not federated.service_account_email:
        return None
    itself = {key: value for key, value in federated.info.items() if key != "service_account_impersonation_url"}
    return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
        type(federated).from_info(itself, scopes=[SCOPE]), federated.service_account_email, [SCOPE]
    )
