"""What every verb shares: `--env`, `--json`, `--dry`, exit codes, and how it speaks.

    @verb(help={"force": "deploy the same pin anew"})
    def deploy(op: Operation, force: bool = False) -> Document: ...

makes an Invoke task whose body gets an `Operation` and returns the document that `--json` prints.
"""

from __future__ import annotations

import atexit
import gc
import inspect
import json as json_module
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from invoke.parser.argument import Argument
from invoke.tasks import Task

from .errors import DockyardError, Interrupted, SettingError
from .operation import Document as Document
from .operation import Operation as Operation
from .signals import terminable

Body = Callable[..., Document]
GARBAGE = 700_000  # objects until Python looks for cycles: 0.1 s of a release went into that, with CPU that users need


class Verb(Task[Body]):
    """An Invoke task that can be run by nobody's accident: no positionals, no automatic short flags.

    Both have run real deploys: invoke #982, #1084. `changes` says that it changes the platform, so that a
    protected environment must be named; `locks`, that it holds the service meanwhile, so that it takes `--wait-lock`.
    """

    def __init__(
        self,
        body: Body,
        *,
        name: str | None = None,
        help: Mapping[str, str] | None = None,
        changes: bool = False,
        locks: bool = False,
        env: str = "",
        default: bool = False,
    ) -> None:
        self.changes = changes
        self.locks = locks
        self.env = env
        self.own_help = dict(help or {})
        shared = {"json": "print one JSON document on standard output"}
        if not env:
            shared["env"] = "the environment: NAME of env/NAME.env"
        if locks:
            shared["wait_lock"] = "how long to wait while somebody else releases this service: 60s"
        super().__init__(
            body, name=name, positional=[], auto_shortflags=False, help={**self.own_help, **shared}, default=default
        )

    def argspec(self, body: Body) -> inspect.Signature:
        """The body's flags, after `--env` (unless the verb is bound to one), `--json` and `--wait-lock`."""
        flags = super().argspec(body)
        shared: dict[str, object] = {"json": False} if self.env else {"env": "", "json": False}
        shared |= {"wait_lock": ""} if self.locks else {}
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
        name = f"{self.name}.{env}"
        bound = Verb(self.body, name=name, help=self.own_help, changes=self.changes, locks=self.locks, env=env)
        bound.__doc__ = f"`{self.name} --env={env}`."
        return bound

    def __call__(self, *args: Any, env: str = "", json: bool = False, wait_lock: str = "", **flags: Any) -> Any:
        """Run the body, print its document where asked, and turn Ctrl-C and SIGTERM into exit code 130."""
        force = bool(flags.get("force"))
        started = time.monotonic()
        seldom_garbage()
        self.times_called += 1
        failure: DockyardError | None = None
        try:
            with terminable():
                wait = seconds(wait_lock)
                op = Operation(
                    args[0], env=self.env or env, json=json, changes=self.changes, force=force, wait_lock=wait
                )
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
    *,
    help: Mapping[str, str] | None = None,
    changes: bool = False,
    locks: bool = False,
    default: bool = False,
) -> Callable[[Body], Verb]:
    """Make a verb of a function that takes an `Operation` and returns a document."""

    def make(body: Body) -> Verb:
        return Verb(body, help=help, changes=changes, locks=locks, default=default)

    return make


@cache
def seldom_garbage() -> None:
    """Have Python look for cycles seldom, and not once more at its end: 0.1 s with a cloud's SDK loaded."""
    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)


def seconds(wait_lock: str) -> float:
    """--wait-lock in seconds. Raises SettingError."""
    from .environment.units import duration

    try:
        return duration(wait_lock) if wait_lock else 0.0
    except ValueError as error:
        raise SettingError(f"--wait-lock={wait_lock}: {error}") from None


def emit(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output, of ASCII alone where that is not UTF-8."""
    ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
    print(json_module.dumps(document, ensure_ascii=ascii_only), flush=True)
