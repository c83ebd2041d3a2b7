"""The fake of Google Cloud, for every test here that asks for it."""

from tests.fakes.gcp.fixtures import gcp, gcp_transport

__all__ = ["gcp", "gcp_transport"]
