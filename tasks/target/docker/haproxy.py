"""HAProxy's words: its configuration, and the runtime commands from one routing to another.

Verified against HAProxy 2.6. Servers added at run time live only in the process, so the same routing is
written as configuration too, and a restart of the edge or the engine comes back with the same traffic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .names import owner
from .routing import Routing, Server

FOLDER = "/var/lib/dockyard"
MAP = f"{FOLDER}/tags.map"
SOCKET = "/run/haproxy/admin.sock"
CHECKED = " check inter 1s fall 2 rise 1"
FORM = "/"  # a key of the map that is no traffic tag: which form of the configuration the process has loaded

# A request's first host label is its traffic tag: `staging.example.com`. The map says how many replicas a tag has
# (`staging 2`) and what they are called (`staging/0 api-00007-abc`).
TEXT = """\
global
    description dockyard {service}
    maxconn 8192
    no strict-limits
    log stdout format raw daemon
    stats socket {socket} mode 600 level admin expose-fd listeners
    stats timeout 10m
    hard-stop-after {timeout}

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
    timeout client {timeout}
    timeout http-request 30s
    timeout http-keep-alive 75s
    timeout queue 30s
    timeout server {timeout}
    timeout tunnel 1h
    errorfile 503 {folder}/503.http

frontend public
    bind :8080
    http-request set-var(txn.tag) req.hdr(host),host_only,field(1,.),lower
    http-request set-var(txn.replicas) var(txn.tag),map_str({map},0)
    http-request set-header X-Forwarded-Proto http unless {{ req.hdr(X-Forwarded-Proto) -m found }}
    use_backend tagged if {{ var(txn.replicas) -m int gt 0 }}
    default_backend shared

backend shared
    balance roundrobin
{shared}
backend tagged
    balance roundrobin
    http-request set-var(txn.replica) rand(65536),mod(txn.replicas)
    use-server %[var(txn.tag),concat(/,txn.replica),map({map})] if TRUE
{tagged}"""


def files(service: str, timeout: float, routing: Routing) -> dict[str, str]:
    """The edge's files by name. `timeout` is how long a request may take, in seconds."""
    return {
        "haproxy.cfg": config(service, timeout, routing),
        "tags.map": "".join(f"{key} {value}\n" for key, value in tag_map(service, timeout, routing).items()),
        "503.http": unavailable(service),
    }


def config(service: str, timeout: float, routing: Routing) -> str:
    """The whole configuration."""
    return TEXT.format(
        service=service,
        timeout=f"{timeout:g}s" if timeout == int(timeout) else f"{round(timeout * 1000)}ms",
        folder=FOLDER,
        map=MAP,
        socket=SOCKET,
        shared="".join(f"    server {each.name} {shared(each, routing)}\n" for each in routing.servers),
        tagged="".join(f"    server {each.name} {tagged(each)}\n" for each in routing.servers),
    )


def shared(server: Server, routing: Routing) -> str:
    """A server's words in the shared backend. One of several replicas is checked, so that a dead one is left out.

    The only replica is not: while its container restarts, requests wait and try again rather than fail at once.
    """
    return f"{server.address} weight {server.weight}{CHECKED if len(routing.of(server.revision)) > 1 else ''}"


def tagged(server: Server) -> str:
    """A server's words in the backend of traffic tags: no weight, as only a tag may choose it.

    It is there whether it has a tag or not, so that taking a tag away breaks no request under way.
    """
    return f"{server.address} weight 0"


def form(service: str, timeout: float) -> str:
    """A name for all of the configuration that only a reload can change."""
    fixed = config(service, timeout, Routing()) + unavailable(service)
    return hashlib.sha256(fixed.encode()).hexdigest()[:12]


def tag_map(service: str, timeout: float, routing: Routing) -> dict[str, str]:
    """The map of traffic tags, and which form of the configuration it was written with."""
    return {FORM: form(service, timeout), **entries(routing)}


def entries(routing: Routing) -> dict[str, str]:
    """The traffic tags: how many replicas each has, and their names."""
    found: dict[str, str] = {}
    for tag, revision in sorted(routing.tags.items()):
        replicas = routing.of(revision)
        found |= {tag: str(len(replicas))} | {f"{tag}/{n}": each.name for n, each in enumerate(replicas)}
    return found


def unavailable(service: str) -> str:
    """What a visitor gets while no revision takes requests."""
    body = f"503: no revision of {service} takes requests now.\n"
    return (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    )


def commands(before: Routing, after: Routing) -> list[str]:
    """The runtime commands from one routing to another, in an order that always leaves somebody to answer.

    First what is new, then who gets more, then who gets less, then the tags, and what goes last of all.
    """
    return [
        *added(before, after),
        *weighed(before, after),
        *mapped(entries(before), entries(after)),
        *removed(before, after),
    ]


def added(before: Routing, after: Routing) -> list[str]:
    """Servers that are new."""
    known = {each.name for each in before.servers}
    found: list[str] = []
    for each in after.servers:
        if each.name not in known:
            words = shared(each, after)
            found += [f"add server tagged/{each.name} {tagged(each)}", f"enable server tagged/{each.name}"]
            found += [f"add server shared/{each.name} {words}", f"set weight shared/{each.name} {each.weight}"]
            found += [f"enable health shared/{each.name}"] if CHECKED in words else []
            found += [f"enable server shared/{each.name}"]
    return found


def removed(before: Routing, after: Routing) -> list[str]:
    """Servers that leave, with whatever they still have."""
    kept = {each.name for each in after.servers}
    return [
        command
        for each in before.servers
        if each.name not in kept
        for server in (f"tagged/{each.name}", f"shared/{each.name}")
        for command in (
            f"set server {server} state maint",
            f"shutdown sessions server {server}",
            f"del server {server}",
        )
    ]


def refusal(command: str, answer: str) -> str:
    """What is wrong with an answer to a command, "" for nothing.

    A server that is there already is one that could not be deleted before; the commands after make it right.
    """
    said = answer.strip()
    good = ("", "New server registered.", "Server deleted.", "Already exists a server with the same name in backend.")
    return "" if said in good or (command.startswith("del server") and "No such server" in said) else said


def weighed(before: Routing, after: Routing) -> list[str]:
    """Weights that change, those that grow first."""
    old = {each.name: each.weight for each in before.servers}
    new = {each.name: each.weight for each in after.servers if each.name in old and each.weight != old[each.name]}
    more_first = sorted(new, key=lambda name: new[name] - old[name], reverse=True)
    return [f"set weight shared/{name} {new[name]}" for name in more_first]


def mapped(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Entries of the map that change."""
    return [
        *(f"add map {MAP} {key} {value}" for key, value in after.items() if key not in before),
        *(f"set map {MAP} {key} {after[key]}" for key in before if key in after and before[key] != after[key]),
        *(f"del map {MAP} {key}" for key in before if key not in after),
    ]


def stored(configuration: str, tags: str) -> Routing:
    """The routing that the files hold, for an edge that does not run."""
    lines = configuration.partition("\nbackend shared\n")[2].partition("\nbackend ")[0].splitlines()
    words = [line.split() for line in lines if line.startswith("    server ")]
    shared = tuple(Server(each[1], owner(each[1]), each[2], int(each[4])) for each in words)
    return Routing(shared, tagged_by(dict(line.split(" ", 1) for line in tags.splitlines() if line)))


def tagged_by(found: Mapping[str, str]) -> dict[str, str]:
    """The traffic tags of a map, by the revision of their first replica."""
    return {key.removesuffix("/0"): owner(name) for key, name in found.items() if key.endswith("/0")}
