"""What AWS refuses, as a sentence with a way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import DockyardError, SettingError

try:
    from botocore.exceptions import BotoCoreError as BotoCoreError
    from botocore.exceptions import ClientError as ClientError
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import (
        CredentialRetrievalError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
        ProfileNotFound,
        SSOError,
        TokenRetrievalError,
    )
except ModuleNotFoundError:  # botocore is an extra: other targets do without it
    raise SettingError(
        "TARGET=ecs needs botocore, which is not installed here; type pip install 'dockyard[aws]'."
    ) from None

DENIED = {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized"}
EXPIRED = {"ExpiredTokenException", "ExpiredToken", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "AuthFailure",
    "InvalidAccessKeyId",
    "MissingAuthenticationTokenException",
}
THROTTLED = {
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
}
SAME = "then type the same again"
CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, TokenRetrievalError, SSOError)


def code(error: BaseException) -> str:
    """AWS' own code of an error, such as `ClusterNotFoundException`; "" for an error that is none of AWS' answers."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def message(error: BaseException) -> str:
    """AWS' own words about an error."""
    said = error.response.get("Error", {}).get("Message", "") if isinstance(error, ClientError) else ""
    return str(said or error).strip().rstrip(".")


def denied(error: BaseException) -> bool:
    """Whether the credentials may not do it."""
    return code(error) in DENIED


def sentence(error: Exception) -> str:
    """What to tell an operator about an exception of botocore's."""
    return answered(error) if isinstance(error, ClientError) else unanswered(error)


def answered(error: ClientError) -> str:
    """About an answer that is a refusal."""
    name, said, asked = code(error), message(error), error.operation_name
    if name in DENIED:
        action = re.search(r"perform:? ([\w-]+:\w+)", said)
        return f"AWS denies {action[1] if action else asked}: {said}. Let the credentials' role do that, {SAME}."
    if name in EXPIRED:
        return f"The AWS credentials have expired ({asked}: {said}): log in again (aws sso login, or new keys), {SAME}."
    if name in UNKNOWN:
        return f"AWS does not know these credentials ({asked}: {said}): see AWS_PROFILE or the keys in use, {SAME}."
    if name in THROTTLED:
        tries = int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) + 1
        return f"AWS throttled {asked} {tries} times in a row ({said}): wait until others are done, {SAME}."
    if name == "ClusterNotFoundException":
        return f"AWS has no such cluster ({said}): see CLUSTER and REGION; aws ecs list-clusters lists what there is."
    if name in ("ServiceNotFoundException", "ServiceNotActiveException"):
        return f"AWS has no such service ({said}): see SERVICE and CLUSTER; Dockyard does not create services."
    return f"AWS refused {asked} ({name}): {said}."


def unanswered(error: Exception) -> str:
    """About a request that was never sent, or never answered."""
    if isinstance(error, CREDENTIALS):
        return f"There are no AWS credentials to use ({message(error)}): log in (aws sso login, or set AWS_PROFILE)."
    if isinstance(error, ProfileNotFound):
        return f"{message(error)}: set AWS_PROFILE to one of ~/.aws/config."
    if isinstance(error, NoConnection | HTTPClientError):
        return f"AWS could not be reached ({message(error)}): see REGION, the network and AWS_ENDPOINT_URL, {SAME}."
    return f"botocore refused the request: {message(error)}."


@contextmanager
def told(fault: Callable[[str], DockyardError] = DockyardError) -> Iterator[None]:
    """Turn botocore's exceptions into sentences."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise fault(sentence(error)) from error
