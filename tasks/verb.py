"""What every verb shares: `--env`, `--json`, `--dry`, exit codes, and how it speaks.

    @verb(help={"force": "deploy the same pin anew"})
    def deploy(op: Operation, force: bool = False) -> Document: ...

makes an Invoke task whose body gets an `Operation` and returns the document that `--json` prints.
"""

from __future__ import annotations

import inspect
import json as json_module
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.parser.argument import Argument
from invoke.tasks import Task

from . import environment as environments
from .errors import DockyardError, Interrupted

if TYPE_CHECKING:
    from .environment.settings import Environment
    from .target import Target

Document = dict[str, Any]
Body = Callable[..., Document]


class Operation:
    """One use of a verb: where it runs, on which environment, and how it speaks."""

    def __init__(
        self, context: Context, *, env: str = "", json: bool = False, changes: bool = False, force: bool = False
    ) -> None:
        self.context = context
        self.json = json
        self._force = force
        self._env = env
        self._changes = changes

    @cached_property
    def root(self) -> Path:
        """The project: the nearest directory at or above the working directory with `env/*.env` in it."""
        root = self.context.config.dockyard.root
        return environments.project(Path.cwd(), Path(root) if root else None)

    @cached_property
    def name(self) -> str:
        """The environment's name. Raises SettingError for an unknown one, or for a protected one not named."""
        return environments.choose(self.root, self._env, changes=self._changes and not self.dry)

    @cached_property
    def environment(self) -> Environment:
        """The environment's settings, all of them checked; a verb's `--force` overrides FIXED_<KEY>."""
        return environments.load(self.root, self.name, force=self._force)

    @cached_property
    def target(self) -> Target:
        """The platform that the environment names."""
        from . import target

        return target.of(self.environment)

    @property
    def dry(self) -> bool:
        """Whether Invoke's own `--dry` was given: read, say, change nothing."""
        return bool(self.context.config.run.dry)

    def say(self, text: str) -> None:
        """Progress and prose: standard error, always. That nobody reads it stops no release."""
        with suppress(BrokenPipeError):
            print(text, file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """A result for a person: standard output, unless that is kept for the JSON document."""
        if not self.json:
            print(text, flush=True)


class Verb(Task[Body]):
    """An Invoke task that can be run by nobody's accident: no positionals, no automatic short flags.

    Both have run real deploys: invoke #982, #1084. `changes` says that it changes the platform, so that a
    protected environment must be named.
    """

    def __init__(
        self,
        body: Body,
        *,
        name: str | None = None,
        help: Mapping[str, str] | None = None,
        changes: bool = False,
        env: str = "",
        default: bool = False,
    ) -> None:
        self.changes = changes
        self.env = env
        self.own_help = dict(help or {})
        shared = {"json": "print one JSON document on standard output"}
        if not env:
            shared["env"] = "the environment: NAME of env/NAME.env"
        super().__init__(
            body, name=name, positional=[], auto_shortflags=False, help={**self.own_help, **shared}, default=default
        )

    def argspec(self, body: Body) -> inspect.Signature:
        """The body's flags, after `--env` (unless the verb is bound to one) and `--json`."""
        flags = super().argspec(body)
        shared = {"json": False} if self.env else {"env": "", "json": False}
        keyword = inspect.Parameter.KEYWORD_ONLY
        return flags.replace(
            parameters=[
                *(inspect.Parameter(name, keyword, default=default) for name, default in shared.items()),
                *(flag.replace(kind=keyword) for flag in flags.parameters.values()),
            ]
        )

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The flags. Invoke takes each one's help out of `self.help` as it goes, and would have none the next time."""
        shared, self.help = self.help, dict(self.help)
        try:
            return super().get_arguments(ignore_unknown_help)
        finally:
            self.help = shared

    def bound_to(self, env: str) -> Verb:
        """The same verb for one environment: `deploy.staging` is `deploy --env=staging`.

        Its name is the whole one: Invoke runs two tasks of equal name and code only once (invoke #536).
        """
        bound = Verb(self.body, name=f"{self.name}.{env}", help=self.own_help, changes=self.changes, env=env)
        bound.__doc__ = f"`{self.name} --env={env}`."
        return bound

    def __call__(self, *args: Any, env: str = "", json: bool = False, **flags: Any) -> Any:
        """Run the body, print its document where asked, and turn Ctrl-C and SIGTERM into exit code 130."""
        force = bool(flags.get("force"))
        op = Operation(args[0], env=self.env or env, json=json, changes=self.changes, force=force)
        started = time.monotonic()
        self.times_called += 1
        failure: DockyardError | None = None
        try:
            with terminable():
                document = self.body(op, **flags)
        except DockyardError as error:
            failure = error
        except KeyboardInterrupt:
            failure = Interrupted(f"{self.name} was interrupted.")
        except BrokenPipeError:  # `inv logs | head`: nobody reads on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(128 + signal.SIGPIPE) from None
        if failure:
            if json:
                said = {"error": failure.message} if failure.message else {}
                emit({**failure.document, **said, "exit": failure.exit_code})
            raise failure
        if json and document:
            emit({**document, "seconds": round(time.monotonic() - started, 3)})
        return document


def verb(
    *, name: str | None = None, help: Mapping[str, str] | None = None, changes: bool = False, default: bool = False
) -> Callable[[Body], Verb]:
    """Make a verb of a function that takes an `Operation` and returns a document."""

    def make(body: Body) -> Verb:
        return Verb(body, name=name, help=help, changes=changes, default=default)

    return make


def emit(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output."""
    print(json_module.dumps(document, ensure_ascii=False), flush=True)


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM, and the SIGHUP of a closed terminal, unwind the stack as Ctrl-C does: what was begun is undone."""

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with handled(interrupt, signal.SIGTERM, signal.SIGHUP):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold all of them back while something is undone or recorded; neither may be half done."""
    with handled(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield


@contextmanager
def handled(handler: Callable[[int, FrameType | None], None] | signal.Handlers, *numbers: int) -> Iterator[None]:
    """Another handler of these signals, in the main thread; a signal that is ignored (nohup) stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in numbers if signal.getsignal(each) is not signal.SIG_IGN}
    try:
        for each in before:
            signal.signal(each, handler)
        yield
    finally:
        for each, own in before.items():
            signal.signal(each, own)
