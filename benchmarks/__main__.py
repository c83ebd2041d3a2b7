"""The table: `python -m benchmarks`, from the repository's root."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import redirect_stdout

from tasks.errors import DockyardError

from . import bulk, change, cloudrun, ecs, listing, nothing, recipes, rollback, switch
from .processes import Failed
from .recipes import heavy
from .stage import Stage, staged
from .table import Row, render

BENCHMARKS = {
    "list": listing.measure,
    "change": change.measure,
    "nothing": nothing.measure,
    "rollback": rollback.measure,
    "switch": switch.measure,
    "bulk": bulk.measure,
    "ecs": ecs.measure,
    "cloudrun": cloudrun.measure,
    "recipes": recipes.measure,
    "heavy": heavy.measure,
}
ASKED_FOR = {"heavy"}  # only where it is named
BESIDE = {"change", "nothing", "rollback"}  # that Kamal can do too


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("--only", action="append", choices=list(BENCHMARKS), help="run this one (may be given again)")
    made.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output")
    made.add_argument(
        "--kamal",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="install Kamal for the run and put it beside (see README.md)",
    )
    made.add_argument("--registry", default="127.0.0.1:5000", help="a registry on loopback (default: %(default)s)")
    return made


def chosen(only: list[str] | None) -> list[str]:
    """What is run: what was named, else everything that need not be named."""
    return only or [name for name in BENCHMARKS if name not in ASKED_FOR]


def say(text: str) -> None:
    """Progress: standard error."""
    print(text, file=sys.stderr, flush=True)


def put_kamal(stage: Stage) -> None:
    """Install Kamal; where it cannot be, a note under the table says why, and the rest is measured."""
    from .kamal import installed

    say("Installing Kamal ...")
    try:
        stage.kamal = installed(stage)
    except (Failed, DockyardError) as error:
        stage.notes.append(f"Kamal could not be put beside: {error}")


def table(stage: Stage, only: list[str]) -> tuple[list[Row], list[str]]:
    """Every benchmark's rows, and a sentence for each benchmark that could not be run."""
    rows, failures = list[Row](), list[str]()
    for name in only:
        say(f"{name} ...")
        try:
            rows += BENCHMARKS[name](stage)
        except (Failed, DockyardError) as error:
            failures.append(f"{name} could not be run: {error}")
    return rows, failures


def main() -> int:
    """Run what was asked for and print it; 1 where a benchmark could not be run, 130 where it was interrupted."""
    given = parser().parse_args()
    try:
        with redirect_stdout(sys.stderr), staged(given.registry, quick=given.quick) as stage:
            only = chosen(given.only)
            if given.kamal and BESIDE.intersection(only):
                put_kamal(stage)
            rows, failures = table(stage, only)
    except Failed as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Interrupted; all that the benchmarks made was taken away.")
        return 130
    if given.json:
        print(
            json.dumps({"rows": [row.document() for row in rows], "notes": stage.notes, "failures": failures}, indent=1)
        )
    else:
        print("\n".join([render(rows), "", *stage.notes, *failures]).rstrip())
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
