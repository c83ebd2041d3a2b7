"""What the fake's Cloud Build refuses of a build, and what it puts into one."""

from __future__ import annotations

from typing import Any

import pytest

from .build_request import check, substituted
from .errors import Refused

STEP = {"name": "gcr.io/cloud-builders/docker"}
KNOWN = {"PROJECT_ID": "p", "BUILD_ID": "b-1", "LOCATION": "europe-west1"}


def args(*texts: str, **build: Any) -> list[str]:
    found = substituted({"steps": [{**STEP, "args": list(texts)}], **build}, KNOWN)
    return list(found["steps"][0]["args"])


def test_keys_are_replaced_and_doubled_signs_kept_single() -> None:
    own = {"_TAG": "v1", "SHORT_SHA": "abc1234"}
    texts = ("$PROJECT_ID/${_TAG}-$SHORT_SHA", "$$HOME $${_TAG}", "$lower $1")
    assert args(*texts, substitutions=own) == ["p/v1-abc1234", "$HOME ${_TAG}", "$lower $1"]


def test_a_commit_that_nobody_named_is_empty() -> None:
    assert args("web:$SHORT_SHA", "$COMMIT_SHA.") == ["web:", "."]
    found = substituted({"steps": [STEP], "images": ["host/web:$SHORT_SHA"]}, KNOWN)
    with pytest.raises(Refused, match='invalid image name "host/web:"'):
        check(found)


def test_a_script_gets_no_substitutions() -> None:
    found = substituted({"steps": [{**STEP, "script": "echo $PROJECT_ID $FOO"}]}, KNOWN)
    assert found["steps"][0]["script"] == "echo $PROJECT_ID $FOO"


@pytest.mark.parametrize(
    ("text", "own", "words"),
    [
        ("$_TAG", {}, 'key in the template "_TAG" is not matched in the substitution data'),
        ("x", {"_TAG": "v1"}, 'key "_TAG" in the substitution data is not matched in the template'),
        ("$VERSION", {}, 'key in the template "VERSION" is not a valid built-in substitution'),
        ("$PROJECT_ID", {"PROJECT_ID": "x"}, 'substitution key "PROJECT_ID" does not respect format'),
        ("x", {"_tag": "x"}, 'substitution key "_tag" does not respect format'),
    ],
)
def test_keys_that_do_not_match_are_refused(text: str, own: dict[str, str], words: str) -> None:
    with pytest.raises(Refused) as refused:
        args(text, substitutions=own)
    assert words in refused.value.message


def test_a_loose_build_may_have_more_and_less() -> None:
    loose = {"substitutionOption": "ALLOW_LOOSE"}
    assert args("$_TAG.", substitutions={"_MORE": "x"}, options=loose) == ["."]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ({"steps": []}, "no build steps are specified"),
        ({"steps": [{"args": ["build"]}]}, "build step 0 must specify name"),
        ({"steps": [{"name": "Not An Image"}]}, "invalid build step name"),
        ({"steps": [{**STEP, "id": "a"}, {**STEP, "id": "a"}]}, "duplicate ID"),
        ({"steps": [{**STEP, "waitFor": ["later"]}]}, "waits for a step that is not before it"),
        ({"steps": [{**STEP, "env": ["TOKEN"]}]}, "must be of the form KEY=VALUE"),
        ({"steps": [{**STEP, "secretEnv": ["TOKEN"]}]}, 'secretEnv "TOKEN" is used without being defined'),
        ({"steps": [{**STEP, "script": "x", "args": ["x"]}]}, "both a script and args"),
        ({"steps": [{**STEP, "args": ["x"] * 101}]}, "too many args"),
        ({"steps": [{**STEP, "timeout": "7200s"}]}, "must be <= build timeout"),
        ({"timeout": "90000s"}, "must be between 0s and 86400s"),
        ({"images": ["Host/web"]}, 'invalid image name "Host/web"'),
        ({"tags": ["no spaces"]}, "invalid build tags"),
        ({"options": {"diskSizeGb": "5000"}}, "at most 4000"),
        ({"availableSecrets": {"secretManager": [{"env": "T", "versionName": "token"}]}}, "invalid secret version"),
        ({"serviceAccount": "projects/p/serviceAccounts/a@p"}, "build.logs_bucket"),
    ],
)
def test_what_makes_no_sense_is_refused(build: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        check({"steps": [STEP], **build})
    assert (refused.value.status, words in refused.value.message) == (400, True), refused.value.message


@pytest.mark.parametrize("logging", ["CLOUD_LOGGING_ONLY", "NONE"])
def test_an_own_account_needs_no_bucket_without_an_object(logging: str) -> None:
    check({"steps": [STEP], "serviceAccount": "projects/p/serviceAccounts/a@p", "options": {"logging": logging}})
