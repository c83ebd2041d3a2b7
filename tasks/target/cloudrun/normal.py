"""The normal form of a template: two that Cloud Run treats alike are equal in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from google.cloud import run_v2

from . import limits, quantity
from .container import PORT, STARTUP
from .ledger import PREFIX

Template: TypeAlias = run_v2.RevisionTemplate | run_v2.WorkerPoolRevisionTemplate
Path = tuple[str, ...]
Form = dict[str, Any]

OWN = (PREFIX, "goog-")  # begin labels and annotations that say nothing of what runs
GOOGLE = ("googleapis.com/", "knative.dev/")

# What Cloud Run fills in, or takes a missing member for.
TEMPLATE: Form = {"timeout": "300s", "gpuZonalRedundancyDisabled": False, "sessionAffinity": False}
SCALING: Form = {"minInstanceCount": 0, "maxInstanceCount": limits.INSTANCES}
PROBE: Form = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3, "initialDelaySeconds": 0}
KINDS = ("httpGet", "tcpSocket", "grpc")
STARTUP_PROBE: Form = {"tcpSocket": {}, "timeoutSeconds": STARTUP, "periodSeconds": STARTUP, "failureThreshold": 1}


def flat(template: Template) -> dict[Path, Any]:
    """The leaves of a template's normal form."""
    raw = type(template).to_dict(
        template,
        preserving_proto_field_name=False,
        use_integers_for_enums=False,
        always_print_fields_with_no_presence=False,
    )
    return dict(leaves(normal(raw, served=isinstance(template, run_v2.RevisionTemplate))))


def normal(raw: Mapping[str, Any], *, served: bool) -> Form:
    """A template as JSON has it, its lists by name, its quantities as numbers, without its name.

    `served` says that it is a revision's of a service, which gets requests.
    """
    form = {key: value for key, value in raw.items() if key not in ("revision", "containers", "volumes")}
    for key in ("labels", "annotations"):
        form[key] = {name: each for name, each in raw.get(key, {}).items() if not own(name)}
    every = raw.get("containers") or [{}]
    several = len(every) > 1
    form["containers"] = {
        (each.get("name") or str(index)) if several else "": container(each, served=served and front(each, several))
        for index, each in enumerate(every)
    }
    form["volumes"] = {each["name"]: {k: v for k, v in each.items() if k != "name"} for each in raw.get("volumes", [])}
    if not served:
        return {"gpuZonalRedundancyDisabled": False, **form}
    form["scaling"] = {**SCALING, **raw.get("scaling", {})}
    form.setdefault("maxInstanceRequestConcurrency", 80 if whole(form["containers"]) else 1)
    return {**TEMPLATE, **form}


def front(raw: Mapping[str, Any], several: bool) -> bool:
    """Whether a container is the one that requests go to: of several, the one with a port."""
    return bool(raw.get("ports")) or not several


def own(name: str) -> bool:
    """Whether a label or an annotation is Dockyard's or Google's."""
    return name.startswith(OWN) or any(part in name for part in GOOGLE)


def whole(containers: Mapping[str, Form]) -> bool:
    """Whether an instance has a CPU or more, by which Cloud Run chooses how many requests it takes at a time."""
    return bool(sum(each["resources"]["limits"]["cpu"] for each in containers.values()) >= 1)


def container(raw: Mapping[str, Any], *, served: bool) -> Form:
    """A container: variables and secrets apart, by name; limits and ports with what Cloud Run fills in."""
    form = {key: value for key, value in raw.items() if key not in ("name", "env", "ports", "buildInfo")}
    form["env"], form["secrets"] = {}, {}
    for each in raw.get("env", []):
        if key := each.get("valueSource", {}).get("secretKeyRef"):
            form["secrets"][each["name"]] = f"{key.get('secret', '')}:{key.get('version') or 'latest'}"
        else:
            form["env"][each["name"]] = each.get("value", "")
    resources = raw.get("resources")
    given = (resources or {}).get("limits", {})
    form["resources"] = {
        "limits": {
            **{kind: Fraction(default) for kind, default in limits.DEFAULTS.items()},
            **{kind: quantity.number(text) for kind, text in given.items()},
        },
        "cpuIdle": bool((resources or {}).get("cpuIdle", resources is None)),
        "startupCpuBoost": bool((resources or {}).get("startupCpuBoost")),
    }
    if served:
        first: Mapping[str, Any] = next(iter(raw.get("ports", [])), {})
        port = first.get("containerPort", PORT)
        form["port"], form["protocol"] = port, first.get("name") or "http1"
        probes = {key: raw[key] for key in ("startupProbe", "livenessProbe", "readinessProbe") if key in raw}
        form |= {key: probe(each, port) for key, each in {"startupProbe": STARTUP_PROBE, **probes}.items()}
    form["volumeMounts"] = {each["name"]: each.get("mountPath") or "/cloudsql" for each in raw.get("volumeMounts", [])}
    return form


def probe(raw: Mapping[str, Any], port: int) -> Form:
    """A probe, of the container's port unless it names another; how often it asks is one text."""
    times = {key: raw.get(key, default) for key, default in PROBE.items()}
    form = {key: value for key, value in raw.items() if key not in PROBE}
    for kind in KINDS:
        if kind in form:
            asked = form[kind].get("port") or port
            form["asks"] = kind if asked == port else f"{kind} at port {asked}"
            form[kind] = {key: value for key, value in form[kind].items() if key not in ("port", "httpHeaders")}
            form["httpHeaders"] = headers(raw[kind].get("httpHeaders", []))
    form["pace"] = "every {periodSeconds} s, tries: {failureThreshold}, each {timeoutSeconds} s".format(**times)
    if times["initialDelaySeconds"]:
        form["pace"] += f", after {times['initialDelaySeconds']} s"
    return form


def headers(raw: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """A probe's headers by name; the values of one that comes again are joined."""
    found = dict[str, str]()
    for each in raw:
        name, value = each.get("name", ""), each.get("value", "")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a normal form with its path; a list whose order counts is one value."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from leaves(each, (*path, name))
    elif value != []:
        yield path, value
