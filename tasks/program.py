"""The console command `dockyard`: Invoke with Dockyard's verbs built in, for projects without a tasks.py."""

from __future__ import annotations

import difflib
from importlib import metadata

from invoke.exceptions import ParseError
from invoke.program import Program

from . import collection


class Dockyard(Program):
    """Invoke's program with an answer to a mistyped verb."""

    def parse_tasks(self) -> None:
        """Parse the verbs and their flags; an unknown verb is told with the nearest known one."""
        try:
            super().parse_tasks()
        except ParseError as error:
            raise ParseError(self.told(str(error)), error.context) from None

    def told(self, message: str) -> str:
        """Invoke's message, with what was perhaps meant."""
        unknown = message.partition("No idea what '")[2].partition("'")[0]
        near = difflib.get_close_matches(unknown, self.collection.task_names, n=1) if unknown else []
        return f"{message.rstrip('!')}: did you mean {self.binary} {near[0]}?" if near else message


def main() -> None:
    """Run the command line."""
    Dockyard(name="dockyard", binary="dockyard", version=metadata.version("dockyard"), namespace=collection()).run()
