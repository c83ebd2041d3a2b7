"""The project's tests."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from .errors import DockyardError
from .verb import Document, Operation, verb

STDERR = 2  # its file descriptor


@verb(help={"only": "run the tests that match: a pytest -k expression"})
def test(op: Operation, only: str = "") -> Document:
    """Run the project's tests with pytest (exit 1 if one fails)."""
    if importlib.util.find_spec("pytest") is None:
        raise DockyardError("pytest is not installed here: type ./inv test, or pip install 'dockyard[test]'.")
    with tempfile.TemporaryDirectory(prefix="dockyard-") as folder:
        results = Path(folder) / "results.xml"
        argv = command(only, results)
        if op.dry:
            op.say(f"would run: {' '.join(argv)}")
            return {"changed": False}
        code = run(argv, op.root, quiet=op.json)
        document = counted(results) if results.exists() else {"passed": 0, "failed": 0, "skipped": 0}
    if code == 5:
        raise DockyardError(f"No test in {op.root} matches{f' --only={only}' if only else ''}.", document)
    if code:
        raise DockyardError(f"{document['failed']} tests failed, {document['passed']} passed.", document)
    return document


def command(only: str, results: Path) -> list[str]:
    """The argv that runs the tests; pytest writes its counts to `results`."""
    return [sys.executable, "-m", "pytest", f"--junitxml={results}", *(("-k", only) if only else ())]


def run(argv: list[str], root: Path, *, quiet: bool) -> int:
    """Run pytest in the project, on standard error if `quiet`; an interruption reaches it, and it may clean up."""
    with subprocess.Popen(argv, cwd=root, stdout=STDERR if quiet else None) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            if not sys.stdin.isatty():  # a terminal has told pytest as well
                child.send_signal(signal.SIGINT)
            child.wait()
            raise


def counted(results: Path) -> Document:
    """How many tests passed, failed and were skipped, out of pytest's JUnit file."""
    from xml.etree import ElementTree

    suites = ElementTree.parse(results).getroot().iter("testsuite")  # noqa: S314 (pytest wrote it a moment ago)
    total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        total = {name: count + int(suite.get(name, 0)) for name, count in total.items()}
    failed = total["failures"] + total["errors"]
    return {"passed": total["tests"] - failed - total["skipped"], "failed": failed, "skipped": total["skipped"]}
