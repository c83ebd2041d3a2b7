"""Cloud Run."""

from ...gcp.lazy import lazy

# It imports log handlers, and with them Flask and Django where a project has them: 0.1 s of every deploy.
lazy("google.cloud.logging_v2")
