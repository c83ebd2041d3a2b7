"""What the engine is asked for, by exact value; and the ledger on its labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import environment
from tasks.environment.secrets import Secret
from tasks.environment.settings import Environment
from tasks.errors import DockyardError
from tasks.target import Change, CheckResult, Release, Revision, Traffic
from tasks.target.docker import containers, ledger, names, network, spec
from tasks.target.docker.front import Front, front, host_header, parse, url
from tasks.target.docker.inventory import Box, Inventory
from tests.conftest import Project

DIGEST = "sha256:" + "a" * 64
RELEASE = Release("r.example.com/api", DIGEST, "v1", "4be1c0ffee", "ann@host", "2026-11-21T22:24:27Z", "first")
LEDGER = {
    "dockyard.image": "r.example.com/api",
    "dockyard.digest": DIGEST,
    "dockyard.tag": "v1",
    "dockyard.git_sha": "4be1c0ffee",
    "dockyard.by": "ann@host",
    "dockyard.at": "2026-11-21T22:24:27Z",
    "dockyard.note": "first",
}


def load(project: Project, text: str = "") -> Environment:
    """An environment with the least that it needs, and this."""
    return environment.load(project(local=f"TARGET=docker\nSERVICE=api\nIMAGE=r.example.com/api\n{text}"), "local")


def entry(**values: object) -> ledger.Entry:
    """A container's place in the ledger."""
    base = {"process": names.WEB, "replica": 1, "address": "172.18.0.3"} | values
    return ledger.Entry("api", "local", "api-00007-abc", RELEASE, "{}", **base)  # type: ignore[arg-type]


def test_the_least_container(project: Project) -> None:
    assert containers.instance(load(project), entry(), ["PORT=8080"]) == {
        "Image": f"r.example.com/api@{DIGEST}",
        "Hostname": "api-00007-abc",
        "Env": ["PORT=8080"],
        "Labels": {
            "dockyard.service": "api",
            "dockyard.role": "instance",
            "dockyard.env": "local",
            "dockyard.revision": "api-00007-abc",
            "dockyard.process": "web",
            "dockyard.replica": "1",
            "dockyard.address": "172.18.0.3",
            "dockyard.spec": "{}",
            **LEDGER,
        },
        "HostConfig": {
            "NetworkMode": "dockyard-api",
            "Init": True,
            "RestartPolicy": {"Name": "no"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            "ReadonlyRootfs": False,
            "Tmpfs": {},
        },
        "NetworkingConfig": {"EndpointsConfig": {"dockyard-api": {"IPAMConfig": {"IPv4Address": "172.18.0.3"}}}},
    }


def test_a_worker_with_everything(project: Project) -> None:
    it = load(
        project,
        "CPU=500m\nMEMORY=512Mi\nREAD_ONLY=true\nTMPFS=/tmp:64Mi /cache\nPROCESS_WORKER=celery -A 'my app' worker\n",
    )
    made = containers.instance(it, entry(process="worker"), [])
    assert made["Cmd"] == ["celery", "-A", "my app", "worker"]
    assert made["Hostname"] == "api-00007-abc-worker"
    assert {
        key: made["HostConfig"][key] for key in ("NanoCpus", "Memory", "MemorySwap", "ReadonlyRootfs", "Tmpfs")
    } == {
        "NanoCpus": 500_000_000,
        "Memory": 512 * 2**20,
        "MemorySwap": 512 * 2**20,
        "ReadonlyRootfs": True,
        "Tmpfs": {"/tmp": "size=67108864", "/cache": ""},
    }
    once = containers.once(it, RELEASE, ["A=1"], ["alembic", "upgrade", "head"])
    assert (once["Cmd"], once["Env"], once["HostConfig"]) == (
        ["alembic", "upgrade", "head"],
        ["A=1"],
        made["HostConfig"],
    )
    assert once["Labels"] == {
        "dockyard.service": "api",
        "dockyard.role": "once",
        "dockyard.env": "local",
        **LEDGER,
    }


def test_variables_port_and_secrets(project: Project) -> None:
    it = load(project, "PORT=9000\nENV_A='x y'\nENV_EMPTY=\nSECRET_KEY=env:K\n")
    secrets = {"KEY": Secret("hush")}
    assert containers.environ(it, secrets) == ["PORT=9000", "A=x y", "EMPTY=", "KEY=hush"]
    assert containers.environ(load(project, "ENV_PORT=1\n"), {}) == ["PORT=1"]


def test_the_edge() -> None:
    assert containers.edge("api", "dockyard-edge:0123", "172.18.0.2", "127.0.0.1", 80) == {
        "Image": "dockyard-edge:0123",
        "Hostname": "edge",
        "ExposedPorts": {"8080/tcp": {}},
        "Labels": {
            "dockyard.service": "api",
            "dockyard.role": "edge",
            "dockyard.address": "172.18.0.2",
            "dockyard.front": "127.0.0.1:80",
        },
        "HostConfig": {
            "NetworkMode": "dockyard-api",
            "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}]},
            "Binds": ["dockyard-api-edge:/var/lib/dockyard"],
            "RestartPolicy": {"Name": "always"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            "ReadonlyRootfs": True,
            "Tmpfs": {"/run/haproxy": "size=1m,mode=700,uid=1000,gid=1000"},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
        },
        "NetworkingConfig": {"EndpointsConfig": {"dockyard-api": {"IPAMConfig": {"IPv4Address": "172.18.0.2"}}}},
    }


@pytest.mark.parametrize(
    ("text", "where", "address"),
    [
        ("", Front("0.0.0.0", 8080, 300.0), "http://engine:8080"),
        ("PORT=9000\n", Front("0.0.0.0", 9000, 300.0), "http://engine:9000"),
        ("URL=http://localhost:8081\n", Front("127.0.0.1", 8081, 300.0), "http://localhost:8081"),
        ("URL=http://[::1]:8081\n", Front("127.0.0.1", 8081, 300.0), "http://[::1]:8081"),
        ("URL=http://api.example.com\nREQUEST_TIMEOUT=1m\n", Front("0.0.0.0", 80, 60.0), "http://api.example.com"),
        ("URL=https://api.example.com\n", Front("0.0.0.0", 8080, 300.0), "https://api.example.com"),
        ("URL=https://api.example.com:8443/v1\n", Front("0.0.0.0", 8443, 300.0), "https://api.example.com:8443/v1"),
    ],
)
def test_where_the_world_reaches_it(project: Project, text: str, where: Front, address: str) -> None:
    it = load(project, text)
    assert front(it) == where
    assert url(it, "engine") == address
    assert parse(where.published, where.timeout) == where
    host, scheme = host_header(it, "engine")
    assert address.startswith(f"{scheme}://{host}")


def test_the_spec_and_its_differences(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K", "hush")
    before = spec.spec(
        load(project, "MEMORY=512Mi\nENV_LEVEL=debug\nENV_EMPTY=\nENV_API_TOKEN=abc123def\nSECRET_KEY=env:K\n")
    )
    assert before == {
        "PORT": "8080",
        "MEMORY": "512Mi",
        "REPLICAS": "1",
        "REQUEST_TIMEOUT": "300s",
        "published port": "0.0.0.0:8080",
        "SECRET_KEY": "env:K",
        "ENV_LEVEL": "debug",
        "ENV_EMPTY": "",
        "ENV_API_TOKEN": "abc123def",
    }
    assert spec.load(spec.dump(before)) == before
    after = {**before, "ENV_LEVEL": "info", "ENV_API_TOKEN": "fed321cba", "CPU": "0.5", "ENV_EMPTY": "x"}
    del after["MEMORY"]
    assert spec.changes(before, after) == [
        Change("CPU", "", "0.5"),
        Change("ENV_API_TOKEN", "********", "******** (another value)"),
        Change("ENV_EMPTY", "''", "x"),
        Change("ENV_LEVEL", "debug", "info"),
        Change("MEMORY", "512Mi", ""),
    ]
    assert spec.changes(before, before) == []


@pytest.mark.parametrize(
    ("size", "text"),
    [(512 * 2**20, "512Mi"), (2**30, "1Gi"), (1536 * 2**20, "1536Mi"), (10**9, "1000000000"), (0, "0")],
)
def test_sizes(size: int, text: str) -> None:
    assert spec.size_text(size) == text


def test_names() -> None:
    known = ["api-00007-abc", "api-00041-x1y", "other-99999-abc", "api-1-abc"]
    assert names.revision("api", known)[:10] == "api-00042-"
    assert names.revision("api", [])[:10] == "api-00001-"
    assert names.number("api", "api-123456-abc") == 123456
    assert [
        names.owner(each) for each in ("api-00007-abc", "api-00007-abc-12", "api-00007-abc-00001-xyz", "other")
    ] == [
        "api-00007-abc",
        "api-00007-abc",
        "api-00007-abc-00001-xyz",
        "other",
    ]
    assert [names.instance("r", process, replica) for process, replica in (("web", 1), ("web", 2), ("worker", 1))] == [
        "r",
        "r-2",
        "r-worker",
    ]


def test_the_ledger_on_labels_and_back() -> None:
    written = entry(process="worker", replica=3)
    assert ledger.entry(ledger.labels(written)) == written
    kept = ledger.record(written)
    assert ledger.release(kept) == RELEASE
    assert kept["dockyard.role"] == "record"
    checks = [CheckResult("health", ok=True, detail="GET /health answered 200"), CheckResult("log", ok=None)]
    assert ledger.verified("api", "api-00007-abc", "2026-11-21T22:25:00Z", checks) == {
        "dockyard.service": "api",
        "dockyard.role": "verified",
        "dockyard.revision": "api-00007-abc",
        "dockyard.at": "2026-11-21T22:25:00Z",
        "dockyard.checks": '[{"name": "health", "ok": true, "detail": "GET /health answered 200"}, '
        '{"name": "log", "ok": null, "detail": ""}]',
    }


def box(name: str, revision: str, state: str = "running", process: str = "web") -> Box:
    """A container as a list shows it."""
    labels = {"dockyard.role": "instance", "dockyard.revision": revision, "dockyard.process": process, **LEDGER}
    return Box(name, name, state, "", labels, "sha256:1")


def test_the_history_joins_containers_and_records() -> None:
    found = Inventory(
        "api",
        (box("api-00002-bbb", "api-00002-bbb", "exited"), box("api-00003-ccc", "api-00003-ccc")),
        ({"dockyard.revision": "api-00001-aaa", **LEDGER}, {"dockyard.revision": "api-00002-bbb", **LEDGER}),
        frozenset({"api-00001-aaa"}),
    )
    assert ledger.history(found, [Traffic("api-00003-ccc", 100, "next")]) == [
        Revision("api-00003-ccc", RELEASE, running=True, percent=100, traffic_tag="next"),
        Revision("api-00002-bbb", RELEASE),
        Revision("api-00001-aaa", RELEASE, verified=True, startable=False),
    ]


def test_free_addresses() -> None:
    assert network.edge_address("172.18.0.0/16") == "172.18.0.2"
    assert network.upper_half("172.18.0.0/16") == "172.18.128.0/17"
    assert network.free("172.18.0.0/16", ["172.18.0.2", "172.18.0.4", ""], 3) == [
        "172.18.0.3",
        "172.18.0.5",
        "172.18.0.6",
    ]
    assert network.free("10.0.0.0/28", [], 5) == ["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7"]
    with pytest.raises(DockyardError, match="has no 6 free addresses"):
        network.free("10.0.0.0/28", [], 6)


def test_the_recipe_of_the_edge_is_found(project: Project) -> None:
    from tasks.target.docker import edge_image

    recipe = edge_image.recipe(load(project, "BUILD_NETWORK=host\n"), "linux/arm64")
    assert recipe.dockerfile == Path(__file__).parents[3] / "dockerfiles" / "edge" / "Dockerfile"
    assert (recipe.platforms, recipe.network) == (("linux/arm64",), "host")
    assert edge_image.name(recipe).startswith("dockyard-edge:")
    assert edge_image.name(recipe) != edge_image.name(edge_image.recipe(load(project), "linux/amd64"))
