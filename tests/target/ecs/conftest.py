"""The AWS fake, fresh for each test."""

from tests.fakes.fixtures import cloud, registry_image
from tests.target.ecs.holding import files, own
from tests.target.ecs.project import web

__all__ = ["cloud", "files", "own", "registry_image", "web"]
