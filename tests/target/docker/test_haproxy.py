"""The edge's configuration, by exact text, and HAProxy's answers."""

from __future__ import annotations

import pytest

from tasks.target import Traffic
from tasks.target.docker import haproxy
from tasks.target.docker.routing import Routing, Server, weigh

A, B = "api-00001-aaa", "api-00002-bbb"
ROUTING = weigh(
    [Server(A, A, "172.18.0.3:8080"), Server(B, B, "172.18.0.4:8080"), Server(f"{B}-2", B, "172.18.0.5:8080")],
    [Traffic(A, 80), Traffic(B, 20, "next")],
)

CONFIG = """\
global
    description dockyard api
    maxconn 8192
    no strict-limits
    log stdout format raw daemon
    stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
    stats timeout 10m
    hard-stop-after 300s

defaults
    mode http
    log global
    option httplog
    option dontlognull
    option dontlog-normal
    option forwardfor
    option http-server-close
    option idle-close-on-response
    option redispatch 1
    retries 3
    timeout connect 1s
    timeout client 300s
    timeout http-request 30s
    timeout http-keep-alive 75s
    timeout queue 30s
    timeout server 300s
    timeout tunnel 1h
    errorfile 503 /var/lib/dockyard/503.http

frontend public
    bind :8080
    http-request set-var(txn.tag) req.hdr(host),host_only,field(1,.),lower
    http-request set-var(txn.replicas) var(txn.tag),map_str(/var/lib/dockyard/tags.map,0)
    http-request set-header X-Forwarded-Proto http unless { req.hdr(X-Forwarded-Proto) -m found }
    use_backend tagged if { var(txn.replicas) -m int gt 0 }
    default_backend shared

backend shared
    balance roundrobin
    server api-00001-aaa 172.18.0.3:8080 weight 8
    server api-00002-bbb 172.18.0.4:8080 weight 1 check inter 1s fall 2 rise 1
    server api-00002-bbb-2 172.18.0.5:8080 weight 1 check inter 1s fall 2 rise 1

backend tagged
    balance roundrobin
    http-request set-var(txn.replica) rand(65536),mod(txn.replicas)
    use-server %[var(txn.tag),concat(/,txn.replica),map(/var/lib/dockyard/tags.map)] if TRUE
    server api-00001-aaa 172.18.0.3:8080 weight 0
    server api-00002-bbb 172.18.0.4:8080 weight 0
    server api-00002-bbb-2 172.18.0.5:8080 weight 0
"""


def test_the_configuration() -> None:
    files = haproxy.files("api", 300.0, ROUTING)
    assert files["haproxy.cfg"] == CONFIG
    assert files["tags.map"].splitlines()[1:] == ["next 2", "next/0 api-00002-bbb", "next/1 api-00002-bbb-2"]
    body = files["503.http"].partition("\r\n\r\n")[2]
    assert body == "503: no revision of api takes requests now.\n"
    assert f"Content-Length: {len(body)}\r\n" in files["503.http"]


def test_the_form_is_what_only_a_reload_can_change() -> None:
    form = haproxy.files("api", 300.0, ROUTING)["tags.map"].splitlines()[0]
    assert form == haproxy.files("api", 300.0, Routing())["tags.map"].splitlines()[0]
    assert form != haproxy.files("api", 60.0, ROUTING)["tags.map"].splitlines()[0]
    assert "timeout server 1500ms\n" in haproxy.config("api", 1.5, ROUTING)


def test_the_files_can_be_read_back() -> None:
    files = haproxy.files("api", 300.0, ROUTING)
    assert haproxy.stored(files["haproxy.cfg"], files["tags.map"]) == ROUTING
    assert haproxy.stored("", "") == Routing()


@pytest.mark.parametrize(
    ("command", "answer", "said"),
    [
        ("set weight shared/a 1", "\n", ""),
        ("add server shared/a 1.2.3.4:80", "New server registered.\n", ""),
        ("add server shared/a 1.2.3.4:80", "Already exists a server with the same name in backend.\n", ""),
        ("del server shared/a", "Server deleted.\n", ""),
        ("del server shared/a", "No such server.\n", ""),
        ("set weight shared/a 1", "No such server.\n", "No such server."),
        (
            "del server shared/a",
            "Server still has connections attached to it, cannot remove it.\n",
            "Server still has connections attached to it, cannot remove it.",
        ),
    ],
)
def test_refusals(command: str, answer: str, said: str) -> None:
    assert haproxy.refusal(command, answer) == said
