"""The Google Cloud fake, for its own tests."""

from tests.fakes.gcp.fixtures import gcp, gcp_transport

__all__ = ["gcp", "gcp_transport"]
