"""What an operator reads: the engine's refusals, and why a container ended."""

from __future__ import annotations

import pytest

from tasks.target import Release
from tasks.target.docker import diagnosis
from tasks.target.docker.dial import NoAnswer, Request, encode
from tasks.target.docker.faults import sentence
from tasks.target.docker.images import refused

RELEASE = Release("r.example.com/team/api", "sha256:" + "a" * 64, "v1")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "driver failed programming external connectivity: Bind for 0.0.0.0:8080 failed: port is already allocated",
            "Port 8080 ",
        ),
        (
            "Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use",
            "Port 80 of the engine's",
        ),
        ("failed to register layer: write /x: no space left on device", "The disk of the engine is full: "),
        (
            'Conflict. The container name "/api-edge" is already in use by container "1".',
            "A container called api-edge is ",
        ),
        (
            "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
            "CPU asks for more than the engine's 2.00",
        ),
        ("Minimum memory limit allowed is 6MB", "MEMORY is under the engine's least, 6MB: "),
        ("could not find an available, non-overlapping IPv4 address pool among", "The engine has no addresses left"),
        ("Address already in use", "An address of the service's network is taken"),
        ("cannot assign requested address", "The engine's host has no such interface"),
        ("something else\n", "The Docker engine said: something else."),
    ],
)
def test_refusals_of_the_engine(said: str, told: str) -> None:
    assert sentence(said).startswith(told)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no basic auth credentials", "type `docker login r.example.com`"),
        (
            "manifest for r.example.com/team/api@sha256:aaa not found: manifest unknown",
            "has no r.example.com/team/api@",
        ),
        (
            "dial tcp: lookup r.example.com: no such host",
            "unix:///x could not pull .*: dial tcp: lookup .*; see that its host",
        ),
        ("write /var/lib: no space left on device", "disk of the engine is full"),
    ],
)
def test_images_that_cannot_be_had(said: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(refused(RELEASE, "unix:///x", said))


STATE = {"StartedAt": "2026-11-21T22:24:27.123456789Z", "FinishedAt": "2026-11-21T22:24:28.623456789Z"}


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"ExitCode": 3, **STATE}, "exited with code 3 after 1.5 s"),
        ({"ExitCode": 139, **STATE}, "exited with code 139 (SIGSEGV) after 1.5 s"),
        ({"ExitCode": 137, "OOMKilled": True}, "was killed for taking more memory than MEMORY=64Mi (exit code 137)"),
        ({"ExitCode": 128, "Error": "no such file"}, "exited with code 128: no such file"),
    ],
)
def test_how_a_container_ended(state: dict[str, object], told: str) -> None:
    assert diagnosis.stopped(state, "64Mi") == told


def test_a_failure_names_reason_hint_and_last_lines() -> None:
    assert diagnosis.failure(
        "api", "exited with code 1", ["one", "[FATAL tini (7)] exec x failed: Exec format error"]
    ) == (
        "api exited with code 1 (the image is for another processor: see PLATFORM). Its last lines:\n"
        "one\n[FATAL tini (7)] exec x failed: Exec format error\n"
    )
    assert diagnosis.failure("api", "exited with code 1", []) == "api exited with code 1. It wrote nothing."


def test_a_request_as_bytes() -> None:
    request = Request("POST", "/x?y=1", {"host": "a:8080", "X-Own": "ä"}, b"body")
    assert (
        encode(request)
        == (
            "POST /x?y=1 HTTP/1.1\r\nUser-Agent: dockyard\r\nAccept: */*\r\nhost: a:8080\r\nX-Own: ä\r\n"
            "Content-Length: 4\r\nConnection: close\r\n\r\nbody"
        ).encode()
    )
    assert "hush" not in repr(Request("GET", "/", {"Authorization": "hush"}))
    with pytest.raises(NoAnswer, match="line break"):
        encode(Request("GET", "/", {"X": "a\r\nb"}))
