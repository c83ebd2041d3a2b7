"""What Google refuses, as a sentence with a way out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import DockyardError, SettingError

try:
    from google.api_core import exceptions
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError, TransportError
except ModuleNotFoundError:  # Google's SDKs are an extra: other targets do without them
    raise SettingError(
        "Google Cloud needs its SDKs, which are not installed here; type pip install 'dockyard[gcp]'."
    ) from None

from .credentials import LOGIN, TOKEN

SAME = "then type the same again"
PERMISSION = re.compile(r"[Pp]ermission '?([a-z]+\.[A-Za-z]+\.[A-Za-z]+)'?")
ASKED = re.compile(r"^[A-Z]+ https?://\S+: ")  # what REST writes in front
DISABLED = re.compile(r"([a-z]+\.googleapis\.com)")


def message(error: BaseException) -> str:
    """Google's own words about an error, without a full stop."""
    said = str(getattr(error, "message", "") or next(iter(error.args), error)).strip()
    return ASKED.sub("", said).rstrip(".")


def sentence(error: Exception) -> str:
    """What to tell an operator about an exception of google-api-core or google-auth."""
    said = message(error)
    if isinstance(error, DefaultCredentialsError):
        return f"There are no Google credentials to use ({said}): type {LOGIN}."
    if isinstance(error, RefreshError | exceptions.Unauthorized) and os.environ.get(TOKEN):
        return (
            f"Google does not take the token of {TOKEN} ({said}): one lasts an hour, so set it anew "
            f'("$(gcloud auth print-access-token)"), {SAME}.'
        )
    if isinstance(error, RefreshError):
        return f"The Google credentials could not be renewed ({said}): type {LOGIN}, {SAME}."
    if isinstance(error, TransportError | exceptions.ServiceUnavailable | exceptions.RetryError):
        return f"Google could not be reached ({said}): see REGION and the network, {SAME}."
    if isinstance(error, GoogleAuthError):
        return f"The Google credentials are not usable ({said}): type {LOGIN}, {SAME}."
    if isinstance(error, exceptions.Unauthorized):
        return f"Google does not take these credentials ({said}): log in again ({LOGIN}), or renew the token, {SAME}."
    if isinstance(error, exceptions.Forbidden):
        return denied(said)
    if isinstance(error, exceptions.TooManyRequests | exceptions.ResourceExhausted):
        return f"Google's quota is used up ({said}): wait until others are done or have it raised, {SAME}."
    if isinstance(error, exceptions.DeadlineExceeded | exceptions.GatewayTimeout):
        return f"Google did not answer in time ({said}): see the network, {SAME}."
    return f"Google refused the request: {said}."


def denied(said: str) -> str:
    """About a refusal for want of a permission, or of an API that is not enabled."""
    if "has not been used" in said or "SERVICE_DISABLED" in said or "is disabled" in said:
        api = DISABLED.search(said)
        return f"{api[1] if api else 'That API'} is not enabled ({said}): type gcloud services enable " + (
            f"{api[1] if api else 'API'}, {SAME}."
        )
    lacks = PERMISSION.search(said)
    return f"Google denies {lacks[1] if lacks else 'it'} ({said}): give the account a role that may, {SAME}."


@contextmanager
def told(fault: Callable[[str], DockyardError] = DockyardError) -> Iterator[None]:
    """Turn Google's exceptions into sentences."""
    try:
        yield
    except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
        raise fault(sentence(error)) from error
