"""The AWS fake, for its own tests."""

from tests.fakes.fixtures import cloud, registry_image

__all__ = ["cloud", "registry_image"]
