"""The fake cloud, fresh for each test."""

from tests.fakes.gcp.fixtures import gcp, gcp_transport
from tests.target.cloudrun.project import hasty, web

__all__ = ["gcp", "gcp_transport", "hasty", "web"]
