"""BuildKit: the exact command, the CLI that speaks it, and real builds."""

from __future__ import annotations

import io
import os
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from tasks.errors import DockyardError
from tasks.image import Built, Recipe, buildkit
from tasks.image.buildkit import BuildKit, Cli
from tasks.image.progress import Progress

RECIPE = Recipe(
    dockerfile=Path("/my app/Dockerfile"),
    context=Path("/my app"),
    stage="final",
    args={"MODE": "fast", "EMPTY": ""},
    secrets={"ca": "file:/etc/a,b.crt", "TOKEN": "env:MY_TOKEN"},
    labels={"dockyard.env": "local"},
    network="host",
    no_cache=True,
)


def test_the_command_is_exact() -> None:
    assert buildkit.argv("/usr/bin/docker", RECIPE, "linux/amd64", ("--provenance=false",), Path("/tmp/x/iid")) == [
        "/usr/bin/docker",
        "build",
        "--progress",
        "plain",
        "--file",
        "/my app/Dockerfile",
        "--platform",
        "linux/amd64",
        "--target",
        "final",
        "--build-arg",
        "MODE=fast",
        "--build-arg",
        "EMPTY=",
        "--label",
        "dockyard.env=local",
        "--secret",
        'id=ca,"src=/etc/a,b.crt"',
        "--secret",
        "id=TOKEN,env=MY_TOKEN",
        "--network",
        "host",
        "--no-cache",
        "--provenance=false",
        "--iidfile",
        "/tmp/x/iid",
        "/my app",
    ]


def test_a_plain_recipe_has_a_plain_command() -> None:
    recipe = Recipe(Path("/app/Dockerfile"), Path("/app"))
    assert buildkit.argv("docker", recipe, "linux/arm64") == [
        *("docker", "build", "--progress", "plain", "--file", "/app/Dockerfile", "--platform", "linux/arm64", "/app")
    ]


def test_the_shown_command_redacts_what_looks_like_a_secret() -> None:
    shown = BuildKit().command(replace(RECIPE, args={"MODE": "fast", "API_KEY": "hunter2hunter2"}), "linux/amd64")
    assert "hunter2" not in shown
    assert "MODE=fast" in shown
    assert "'/my app'" in shown


@pytest.fixture
def path(tmp_path: Path) -> Callable[..., str]:
    """A PATH of fake docker CLIs, each with what `build --help` prints and its exit code."""

    def make(*answers: tuple[str, int]) -> str:
        folders = []
        for number, (help_, code) in enumerate(answers):
            folder = tmp_path / f"bin {number}"
            folder.mkdir()
            (folder / "docker").write_text(f"#!/bin/sh\n[ $DOCKER_BUILDKIT = 1 ] && echo '{help_}'\nexit {code}\n")
            (folder / "docker").chmod(0o755)
            folders.append(str(folder))
        return os.pathsep.join(folders)

    return make


def test_the_first_cli_that_speaks_buildkit_is_found(tmp_path: Path, path: Callable[..., str]) -> None:
    given = path(("--label list", 0), ("--secret", 1), ("--secret stringArray", 0), ("--secret", 0))
    assert buildkit.find({"PATH": f"{given}:/usr/bin"}) == Cli(str(tmp_path / "bin 2" / "docker"))


def test_buildx_gets_the_flags_that_make_a_plain_image(tmp_path: Path, path: Callable[..., str]) -> None:
    given = path(("--load  --metadata-file string  --provenance string  --secret stringArray", 0))
    assert buildkit.find({"PATH": f"{given}:/bin"}) == Cli(given + "/docker", ("--provenance=false", "--load"), True)


def test_no_cli_that_can(tmp_path: Path, path: Callable[..., str]) -> None:
    with pytest.raises(DockyardError, match=r"no docker on PATH.*BUILDER=engine"):
        buildkit.find({"PATH": str(tmp_path)})
    given = path(("--label list", 0))
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "docker").symlink_to(tmp_path / "bin 0" / "docker")
    (tmp_path / "bin 0" / "notes").touch()
    with pytest.raises(DockyardError) as caught:
        buildkit.find({"PATH": f"{given}:{tmp_path / 'link'}:/nowhere"})
    assert str(caught.value.message).startswith(f"{tmp_path / 'bin 0' / 'docker'} cannot build with BuildKit: install")


def test_an_image_is_known_by_its_config_or_its_manifest(
    engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = engine.images.get("python:3.11-slim-bookworm")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(
        "#!/bin/sh\n"
        "[ $2 = --help ] && echo '--secret --metadata-file' && exit\n"
        "while [ $# -gt 1 ]; do\n"
        "  [ $1 = --iidfile ] && printf sha256:0123 > $2\n"
        f"""  [ $1 = --metadata-file ] && echo '{{"containerimage.digest":"{known.id}"}}' > $2\n"""
        "  shift\ndone\nexit 0\n"
    )
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    built = BuildKit(engine).build(Recipe(tmp_path / "Dockerfile", tmp_path), "linux/amd64")
    assert built == Built("linux/amd64", known.id or "", known.attrs["Size"])
    assert buildkit.ids(tmp_path / "none", tmp_path / "none") == []


@pytest.fixture
def builder(engine: docker.DockerClient) -> BuildKit:
    return BuildKit(engine)


def test_a_real_build(engine: docker.DockerClient, build: Callable[..., Built], context: Path) -> None:
    (context / "hello.txt").write_text("hello")
    text = "FROM scratch AS a\nARG MODE\nLABEL mode=$MODE\nCOPY hello.txt /\nFROM a\nLABEL last=yes\n"
    built = build(text, args={"MODE": "fast"}, labels={"who": "ann"}, stage="a")
    image = engine.images.get(built.image_id)
    assert built == Built("linux/amd64", image.id or "", 5)
    assert image.labels == {"mode": "fast", "who": "ann"}
    assert image.tags == []


def test_another_platform(engine: docker.DockerClient, build: Callable[..., Built], context: Path) -> None:
    (context / "x").touch()
    built = build("FROM scratch\nCOPY x /\n", "linux/arm64")
    assert engine.images.get(built.image_id).attrs["Architecture"] == "arm64"


def test_a_failing_step_is_named_with_its_last_lines(build: Callable[..., Built], context: Path) -> None:
    with pytest.raises(DockyardError) as caught:
        build("FROM python:3.11-slim-bookworm\nRUN for i in $(seq 40); do echo line $i; done; exit 7\n")
    lines = str(caught.value.message).splitlines()
    assert lines[0] == "[2/2] RUN for i in $(seq 40); do echo line $i; done; exit 7"
    assert lines[1:-1] == [f"  line {number}" for number in range(21, 41)]
    assert lines[-1].startswith(f"The build of {context / 'Dockerfile'} failed in this step: ")
    assert "exit code: 7" in lines[-1]


def test_a_dockerfile_that_does_not_parse(build: Callable[..., Built]) -> None:
    with pytest.raises(DockyardError, match="FORM"):
        build("FORM scratch\n")


def test_secrets_reach_the_build_and_nothing_else(
    engine: docker.DockerClient,
    build: Callable[..., Built],
    context: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MY_TOKEN", "swordfish-5fb1")
    (context / "ca.crt").write_text("certificate-77e0\n")
    (context / ".dockerignore").write_text("ca.crt\n")
    secrets = {"TOKEN": "env:MY_TOKEN", "ca": f"file:{context / 'ca.crt'}"}
    built = build(
        "FROM scratch\n"
        "COPY --from=python:3.11-slim-bookworm /usr/bin/dash /bin/sh\n"
        "COPY --from=python:3.11-slim-bookworm /usr/bin/cat /usr/bin/wc /bin/\n"
        "COPY --from=python:3.11-slim-bookworm /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/\n"
        "COPY --from=python:3.11-slim-bookworm /lib64/ld-linux-x86-64.so.2 /lib64/\n"
        "RUN --mount=type=secret,id=TOKEN,required --mount=type=secret,id=ca,required "
        "cat /run/secrets/TOKEN /run/secrets/ca | wc -c > /length\n",
        secrets=secrets,
    )
    image = engine.images.get(built.image_id)
    told = repr(image.history()) + repr(image.attrs)
    layers = list(layers_of(image.save()))
    assert any(b"31\n" in layer for layer in layers)  # both were read
    content = b"".join(layers)
    for secret in ("swordfish-5fb1", "certificate-77e0"):
        assert secret not in told
        assert secret.encode() not in content
    said = capfd.readouterr()
    assert "swordfish" not in said.out + said.err
    assert not any(
        "swordfish" in word for word in buildkit.argv("docker", replace(RECIPE, secrets=secrets), "linux/amd64")
    )


def test_a_build_that_takes_too_long_is_ended(build: Callable[..., Built]) -> None:
    started = time.monotonic()
    with pytest.raises(DockyardError, match=r"ended after 1.5 s \(BUILD_TIMEOUT\)"):
        build(f"FROM python:3.11-slim-bookworm\nRUN sleep 30 # {started}\n", timeout=1.5)
    assert time.monotonic() - started < 15


def test_an_interrupt_ends_the_child(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = tmp_path / "docker"
    script.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > '{pid}'\necho begun\nwait\n")
    script.chmod(0o755)

    def interrupt() -> None:
        while not pid.exists() or not pid.read_text().strip():
            time.sleep(0.01)
        time.sleep(0.2)  # the reader waits for the next line by then
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        buildkit.run([str(script)], Progress(), 60)
    thread.join()
    grandchild = int(pid.read_text())
    deadline = time.monotonic() + 5
    while alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(grandchild)


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def layers_of(saved: Iterable[bytes]) -> Iterator[bytes]:
    """Every file of a saved image: each layer's tar, the config and the manifest, none of them compressed."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(saved))) as whole:
        for member in whole.getmembers():
            file = whole.extractfile(member)
            if file:
                yield file.read()
