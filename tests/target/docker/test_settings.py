"""What the settings ask of a container, seen from inside and from the engine."""

from __future__ import annotations

import docker
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.target import Rollout
from tests.target.docker.conftest import Bench

ANYTHING = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
AWKWARD = [
    "",
    " ",
    "a b",
    "'",
    '"',
    "$HOME",
    "${HOME}",
    "$$",
    "`id`",
    "\\",
    "\\n",
    "a\nb",
    "\r\n",
    "#x",
    "=",
    "ä€😀",
    "\x7f",
    "%s",
]
LINE = st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), max_size=40)


def test_limits_and_file_system(bench: Bench, engine: docker.DockerClient) -> None:
    _, rollout = bench.deploy(CPU="500m", MEMORY="64Mi", READ_ONLY="true", TMPFS="/tmp:1Mi /cache", ENV_LEVEL="info")
    host = engine.containers.get(rollout.revision).attrs["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (500_000_000, 64 * 2**20, 64 * 2**20)
    assert host["Init"] is True
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}

    def write(path: str, size: int = 1) -> str:
        return str(bench.ask(f"/write?path={path}&bytes={size}").json()["error"])

    assert write("/elsewhere") == "Read-only file system"
    assert write("/tmp/small") == ""
    assert write("/tmp/large", 2 * 2**20) == "No space left on device"
    assert write("/cache/large", 2 * 2**20) == ""


def test_variables_and_secrets(bench: Bench, monkeypatch: pytest.MonkeyPatch, engine: docker.DockerClient) -> None:
    monkeypatch.setenv("DOCKYARD_TEST_SECRET", "s3cret\nof two lines")
    (bench.root / "token").write_text("tok€n\n", encoding="utf-8")
    target, rollout = bench.deploy(
        PORT="9000", ENV_EMPTY="", SECRET_API_KEY="env:DOCKYARD_TEST_SECRET", SECRET_TOKEN="file:token"
    )
    found = bench.variables()
    assert found[b"PORT"] == b"9000"
    assert found[b"EMPTY"] == b""
    assert found[b"API_KEY"] == b"s3cret\nof two lines"
    assert found[b"TOKEN"] == "tok€n".encode()
    labels = engine.containers.get(rollout.revision).labels
    assert "s3cret" not in str(labels)
    assert '"SECRET_API_KEY":"env:DOCKYARD_TEST_SECRET"' in labels["dockyard.spec"]

    changed = bench.target(PORT="", ENV_DB_PASSWORD="hunter2", ENV_EMPTY="x", HEALTH_PATH="/", REPLICAS="2")
    changes = {each.what: (each.before, each.after) for each in changed.plan(bench.application.release()).changes}
    assert changes == {
        "ENV_DB_PASSWORD": ("", "********"),
        "ENV_EMPTY": ("''", "x"),
        "HEALTH_PATH": ("/health", "/"),
        "PORT": ("9000", "8080"),
        "REPLICAS": ("1", "2"),
    }
    assert target.plan(bench.application.release(), force=True).changes[0].after == "new (forced)"


def test_every_variable_arrives_byte_for_byte(bench: Bench) -> None:
    """Whatever characters ENV_* and ENV_FILE hold: a few containers, each with many variables."""
    deployed: list[Rollout] = []

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        values=st.lists(ANYTHING, min_size=20, max_size=40),
        lines=st.lists(LINE, min_size=20, max_size=40),
    )
    def arrive(values: list[str], lines: list[str]) -> None:
        held = {f"HELD_{n}": value for n, value in enumerate([*AWKWARD, *values])}
        filed = {f"FILED_{n}": value for n, value in enumerate(lines)}
        (bench.root / "file.env").write_bytes("".join(f"{name}={value}\n" for name, value in filed.items()).encode())
        written = {f"ENV_{name}": quoted(value) for name, value in held.items()}
        deployed.append(bench.deploy(ENV_FILE="file.env", **written)[1])
        found = bench.variables()
        assert {name: found[name.encode()] for name in [*held, *filed]} == {
            name: value.encode() for name, value in [*held.items(), *filed.items()]
        }

    arrive()
    assert len(deployed) >= 3


def quoted(value: str) -> str:
    """A value as an env file holds it literally."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
