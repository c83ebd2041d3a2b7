"""Write the generated parts of README.md: the verbs, from `inv --list`, and the settings, from their model.

.venv/bin/python docs/readme.py          write them
.venv/bin/python docs/readme.py --check  exit 1 where README.md is out of date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from invoke.collection import Collection

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tasks import collection  # noqa: E402
from tasks.environment import table  # noqa: E402
from tasks.verb import Verb  # noqa: E402


def verbs(ns: Collection, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, first line of help and own flags of each verb, without those bound to one environment."""
    for name, task in sorted(ns.tasks.items()):
        if isinstance(task, Verb) and not task.env:
            whole = f"{prefix}.{name}" if prefix and name != prefix else name
            flags = " ".join(f"`--{flag.strip('_').replace('_', '-')}`" for flag in task.own_help)
            yield whole, (task.__doc__ or "").splitlines()[0], flags
    for name, group in sorted(ns.collections.items()):
        yield from verbs(group, f"{prefix}.{name}" if prefix else name)


def verbs_table() -> str:
    """The verbs as a Markdown table, in order of name."""
    rows = sorted(verbs(collection(ROOT)))
    lines = [f"| `inv {name}` | {line.rstrip('.')} | {flags} |" for name, line, flags in rows]
    return "\n".join(["| verb | does | flags |", "| --- | --- | --- |", *lines])


def generated(text: str) -> str:
    """README.md's text with its generated parts anew."""
    for name, part in (("verbs", verbs_table()), ("settings", table.markdown())):
        block = f"<!-- {name} -->\n{part}\n<!-- /{name} -->"
        text = re.sub(f"<!-- {name} -->.*?<!-- /{name} -->", lambda _, block=block: block, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    readme = ROOT / "README.md"
    before = readme.read_text(encoding="utf-8")
    after = generated(before)
    if "--check" in sys.argv:
        sys.exit("README.md is out of date; run: python docs/readme.py" if before != after else 0)
    readme.write_text(after, encoding="utf-8")
