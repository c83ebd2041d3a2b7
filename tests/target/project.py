"""What a project that releases a service to a fake has, whichever platform that is."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import Dockyard, Result
from tests.service import start


@dataclass
class Project:
    """Its folder, its settings, and the command line in it."""

    root: Path
    dockyard: Dockyard
    image: str
    settings: dict[str, str] = field(default_factory=dict)

    def set(self, **settings: str) -> None:
        """Change settings; an empty one is taken out."""
        self.settings |= settings
        lines = [f"{key}={value}" for key, value in self.settings.items() if value]
        (self.root / "env").mkdir(parents=True, exist_ok=True)
        (self.root / "env" / "prod.env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """The command line as a process of its own."""
        return start(self.root, *argv)

    def inv(self, line: str) -> Result:
        """The command line in this process: `inv("deploy --json")` on the environment `prod`."""
        verb, _, flags = line.partition(" ")
        return self.dockyard(f"{verb} --env=prod {flags}", self.root)


@contextmanager
def beside(*acts: Callable[[], object]) -> Iterator[None]:
    """Do these, one after the other, while the block runs; what goes wrong is raised at its end."""
    wrong: list[BaseException] = []

    def act() -> None:
        try:
            for each in acts:
                each()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()
    assert not wrong, wrong
