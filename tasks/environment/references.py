"""Which secret references each platform and builder can read."""

from __future__ import annotations

import re

from .secrets import ENV, FILE, looks_secret_value

SECRET_MANAGER = re.compile(
    r"(?:projects/[a-z0-9.:-]+/secrets/[A-Za-z0-9_-]{1,255}(?:/versions/[A-Za-z0-9_-]+)?"
    r"|[A-Za-z0-9_-]{1,255}(?::[A-Za-z0-9_-]+)?)"
)
ARN = re.compile(
    r"arn:aws[a-z-]*:(?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^:\s]+(?::[^:\s]*){0,3}"
    r"|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]+)"
)
_GOOGLE = ((SECRET_MANAGER,), "the name of a secret in Secret Manager, such as api-key or api-key:3")
_HERE = ((ENV, FILE), "env:NAME or file:PATH")
READS = {
    "docker": _HERE,
    "buildkit": _HERE,
    "cloudrun": _GOOGLE,
    "cloudbuild": _GOOGLE,
    "ecs": ((ARN,), "the ARN of a secret in Secrets Manager or of a parameter in SSM"),
}
_RANDOM = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=(?:.*[0-9]){3})[A-Za-z0-9]{24,}|[0-9a-f]{32,}|[0-9A-F]{32,}")


def readable(reference: str, platform: str) -> bool:
    """Whether a platform (or builder) can read this reference. False for what looks like a value."""
    if looks_secret_value(reference):
        return False
    if ENV.fullmatch(reference) or FILE.fullmatch(reference):
        return ENV in READS[platform][0]
    return not _RANDOM.fullmatch(reference) and any(form.fullmatch(reference) for form in READS[platform][0])


def wanted(platform: str) -> str:
    """The references that a platform (or builder) can read, in words."""
    return READS[platform][1]
