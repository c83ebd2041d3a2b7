"""One use of a verb: its environment, its platform, and how it speaks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from . import environment as environments
from .say import say
from .who import user_at_host

if TYPE_CHECKING:
    from .environment.settings import Environment
    from .image.registry import Registry
    from .target import Target
    from .target.docker.engine import Engine

Document = dict[str, Any]


class Operation:
    """One use of a verb: where it runs, on which environment, and how it speaks."""

    def __init__(
        self,
        context: Context,
        *,
        env: str = "",
        json: bool = False,
        changes: bool = False,
        force: bool = False,
        wait_lock: float = 0.0,
    ) -> None:
        self.context = context
        self.json = json
        self.wait_lock = wait_lock  # seconds to wait for a service that somebody else is releasing
        self._held = False
        self._force = force
        self.given = env  # what --env said
        self._changes = changes

    def on(self, env: str, *, changes: bool = False) -> Operation:
        """The same use of the verb, on another environment."""
        return Operation(self.context, env=env, json=self.json, changes=changes, wait_lock=self.wait_lock)

    @cached_property
    def root(self) -> Path:
        """The project: the nearest directory at or above the working directory with `env/*.env` in it."""
        root = self.context.config.dockyard.root
        return environments.project(Path.cwd(), Path(root) if root else None)

    @cached_property
    def name(self) -> str:
        """The environment's name. Raises SettingError for an unknown one, or for a protected one not named."""
        return environments.choose(self.root, self.given, changes=self._changes and not self.dry)

    @cached_property
    def environment(self) -> Environment:
        """The environment's settings, all of them checked; a verb's `--force` overrides FIXED_<KEY>."""
        return environments.load(self.root, self.name, force=self._force)

    @property
    def about(self) -> Document:
        """What the documents of most verbs begin with."""
        return {"env": self.name, "target": self.environment.target, "service": self.environment.service}

    @cached_property
    def by(self) -> str:
        """Who does it: git's user.email, else user@host."""
        from .image import source

        email = source.git(self.root, "config", "user.email", may_fail=True) or ""
        return email.strip() or user_at_host()

    @cached_property
    def target(self) -> Target:
        """The platform that the environment names."""
        from . import target

        return target.of(self.environment)

    @cached_property
    def engine(self) -> Engine:
        """The Docker engine that images are built on, one connection for all steps. Raises DockyardError."""
        from .target.docker.engine import connect

        return connect()

    @cached_property
    def registry(self) -> Registry:
        """The registry's repository that IMAGE names, one connection for all steps."""
        from .image import artifact, registries

        found = registries.of(self.environment)
        if notice := artifact.notice(found.repository):
            self.say(notice)
        return found

    @property
    def dry(self) -> bool:
        """Whether Invoke's own `--dry` was given: read, say, change nothing."""
        return bool(self.context.config.run.dry)

    @contextmanager
    def lock(self, reason: str) -> Iterator[None]:
        """Hold the service against other releases, after `--wait-lock` at most; once is enough. Raises Locked."""
        if self._held:
            yield
            return
        with self.target.lock(reason, wait=self.wait_lock):
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def say(self, text: str) -> None:
        """Progress and prose: standard error, always. That nobody reads it stops no release."""
        say(text)

    def show(self, text: str) -> None:
        """A result for a person: standard output, unless that is kept for the JSON document."""
        encoding = sys.stdout.encoding or "utf-8"
        if not self.json:
            print(text.encode(encoding, "replace").decode(encoding), flush=True)
