"""What AWS refuses is a sentence with a way out."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOTokenLoadError,
)

from tasks.errors import DeployFailed, DockyardError
from tasks.target.ecs import faults


def refusal(code: str, message: str = "It said so.", retries: int = 0) -> ClientError:
    reply: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"RetryAttempts": retries}}
    return ClientError(reply, "UpdateService")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refusal("ExpiredTokenException"), "have expired"),
        (refusal("UnrecognizedClientException"), "does not know these credentials"),
        (refusal("AccessDeniedException"), "AWS denies UpdateService"),
        (
            refusal(
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/a is not authorized to perform: ecs:TagResource on resource: *",
            ),
            "AWS denies ecs:TagResource",
        ),
        (refusal("ThrottlingException", "Rate exceeded", 11), "throttled UpdateService 12 times in a row"),
        (refusal("ClusterNotFoundException", "Cluster not found."), "see CLUSTER and REGION"),
        (refusal("ServiceNotFoundException", "Service not found."), "see SERVICE and CLUSTER"),
        (refusal("InvalidParameterException", "No."), "AWS refused UpdateService (InvalidParameterException): No."),
        (NoCredentialsError(), "There are no AWS credentials"),
        (SSOTokenLoadError(error_msg="it is gone"), "aws sso login"),
        (ProfileNotFound(profile="nobody"), "set AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="https://ecs.nowhere.amazonaws.com"), "could not be reached"),
        (ReadTimeoutError(endpoint_url="https://ecs.nowhere.amazonaws.com"), "could not be reached"),
        (ParamValidationError(report="Missing required parameter"), "botocore refused the request"),
    ],
)
def test_a_fault_is_one_sentence_that_says_what_to_do(error: Exception, told: str) -> None:
    with pytest.raises(DockyardError) as raised, faults.told():
        raise error
    said = str(raised.value)
    assert told in said
    assert said.endswith(".")
    assert ".." not in said
    assert raised.value.__cause__ is error


def test_the_kind_of_failure_is_the_caller_s() -> None:
    with pytest.raises(DeployFailed), faults.told(DeployFailed):
        raise refusal("ServerException")


def test_what_is_no_fault_of_aws_goes_on_as_it_is() -> None:
    with pytest.raises(KeyError), faults.told():
        raise KeyError("a bug")


@pytest.mark.parametrize(("error", "code"), [(refusal("AccessDenied"), "AccessDenied"), (NoCredentialsError(), "")])
def test_the_code_is_aws_own(error: Exception, code: str) -> None:
    assert faults.code(error) == code
    assert faults.denied(error) is (code == "AccessDenied")
