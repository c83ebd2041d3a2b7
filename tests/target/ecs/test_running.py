"""Tasks as verbs see them: the digest that they really run, and their state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.errors import DockyardError
from tasks.image.manifest import OCI_INDEX, OCI_MANIFEST, Manifest, digest_of, index_of
from tasks.target import Instance
from tasks.target.ecs import manifests as manifests_module
from tasks.target.ecs.manifests import Manifests
from tasks.target.ecs.running import instance, instances, tasks
from tests.target.ecs.sample import NEW, OLD, REPOSITORY, settings

CHILD = Manifest(digest_of(b"{}"), OCI_MANIFEST, b"{}")
STRAY = Manifest(digest_of(b"{ }"), OCI_MANIFEST, b"{ }")
INDEX = index_of({"linux/amd64": CHILD, "unknown/unknown": STRAY})
FAMILY = "arn:aws:ecs:eu-north-1:180703226577:task-definition"
TASKS = "arn:aws:ecs:eu-north-1:180703226577:task/c"


class Known(Manifests):
    def __init__(self, found: Mapping[str, Manifest]) -> None:
        super().__init__("eu-north-1")
        self.found = found
        self.asked: list[str] = []

    def find(self, repository: str, reference: str) -> Manifest | None:
        self.asked.append(f"{repository}@{reference}")
        if reference == "unreachable":
            raise DockyardError("The registry does not answer.")
        return self.found.get(reference)


def task(name: str = "1", image: str = f"{REPOSITORY}@{NEW}", ran: str = NEW, **changed: Any) -> dict[str, Any]:
    container = {"name": "api", "image": image, "lastStatus": "RUNNING"} | ({"imageDigest": ran} if ran else {})
    router = {"name": "router", "image": "public.ecr.aws/x/router:1", "imageDigest": OLD}
    known = {"taskArn": f"{TASKS}/{name}", "taskDefinitionArn": f"{FAMILY}/api:43", "lastStatus": "RUNNING"}
    return {**known, "containers": [container, router], **changed}


def shown(root: Path, found: dict[str, Any], known: Manifests | None = None, text: str = "") -> Instance:
    return instance(found, "web", settings(root, text), known or Known({}), {})


def test_a_task_runs_what_its_own_container_says_and_not_its_sidecar(tmp_path: Path) -> None:
    known = Known({})
    assert shown(tmp_path, task(), known) == Instance("1", "api:43", "web", "RUNNING", NEW)
    assert known.asked == []  # a digest that is as pinned needs no registry


def test_a_child_of_the_pinned_index_counts_as_the_index(tmp_path: Path) -> None:
    known = Known({INDEX.digest: INDEX})
    found = task(image=f"{REPOSITORY}@{INDEX.digest}", ran=CHILD.digest)
    assert shown(tmp_path, found, known).digest == INDEX.digest


def test_an_attestation_of_the_index_is_no_child(tmp_path: Path) -> None:
    known = Known({INDEX.digest: INDEX})
    found = task(image=f"{REPOSITORY}@{INDEX.digest}", ran=STRAY.digest)
    assert shown(tmp_path, found, known).digest == STRAY.digest


def test_another_digest_is_said_as_it_is(tmp_path: Path) -> None:
    assert shown(tmp_path, task(ran=OLD)).digest == OLD


def test_a_task_without_a_digest_is_unverified_and_asks_nobody(tmp_path: Path) -> None:
    known = Known({})
    assert shown(tmp_path, task(ran=""), known).digest == ""
    assert known.asked == []


def test_a_digest_that_the_registry_cannot_compare_is_unverified_and_says_why(tmp_path: Path) -> None:
    found = shown(tmp_path, task(image=f"{REPOSITORY}:unreachable"))
    assert found.digest == ""
    assert "The registry does not answer." in found.detail
    assert NEW in found.detail


def test_of_several_containers_the_one_that_runs_something_else_decides(tmp_path: Path) -> None:
    pair = [
        {"name": "a", "image": f"{REPOSITORY}@{NEW}", "imageDigest": NEW},
        {"name": "b", "image": f"{REPOSITORY}@{NEW}", "imageDigest": OLD},
    ]
    assert shown(tmp_path, task(containers=pair)).digest == OLD
    assert shown(tmp_path, task(containers=pair), text="CONTAINER=a\n").digest == NEW


def test_a_task_that_runs_but_is_unhealthy_is_not_said_to_run(tmp_path: Path) -> None:
    assert shown(tmp_path, task(healthStatus="UNHEALTHY")).state == "UNHEALTHY"
    assert shown(tmp_path, task(healthStatus="UNHEALTHY", lastStatus="PENDING")).state == "PENDING"


def test_a_tag_is_compared_with_what_it_names_today(tmp_path: Path) -> None:
    known = Known({"v1": INDEX})
    assert shown(tmp_path, task(image=f"{REPOSITORY}:v1", ran=CHILD.digest), known).digest == INDEX.digest


class Ecs:
    def __init__(self, count: int) -> None:
        self.arns = [f"{TASKS}/{number}" for number in range(count)]
        self.calls: list[tuple[str, Any]] = []

    def list_tasks(self, **asked: Any) -> dict[str, Any]:
        self.calls.append(("list", asked))
        start = int(asked.get("nextToken") or 0)
        more = {"nextToken": str(start + 100)} if start + 100 < len(self.arns) else {}
        return {"taskArns": self.arns[start : start + 100], **more}

    def describe_tasks(self, **asked: Any) -> dict[str, Any]:
        self.calls.append(("describe", len(asked["tasks"])))
        return {"tasks": [task(arn.rpartition("/")[2]) for arn in asked["tasks"]]}


def test_tasks_are_described_a_hundred_at_once() -> None:
    ecs = Ecs(205)
    assert len(tasks(ecs, "c", "api")) == 205
    asked = {"cluster": "c", "serviceName": "api", "desiredStatus": "RUNNING"}
    assert ecs.calls == [
        ("list", asked),
        ("list", {**asked, "nextToken": "100"}),
        ("list", {**asked, "nextToken": "200"}),
        ("describe", 100),
        ("describe", 100),
        ("describe", 5),
    ]


def test_a_service_without_tasks_costs_one_call() -> None:
    ecs = Ecs(0)
    assert tasks(ecs, "c", "api", stopped=True) == []
    assert ecs.calls == [("list", {"cluster": "c", "serviceName": "api", "desiredStatus": "STOPPED"})]


def test_a_worker_belongs_to_the_main_revision(tmp_path: Path) -> None:
    env = settings(tmp_path)
    found = instances(Ecs(1), Known({}), env, {"web": "api", "beat": "api-beat"}, {"api:43": "api:99"})
    assert [(each.process, each.revision) for each in found] == [("web", "api:99"), ("beat", "api:99")]


def test_a_manifest_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(repository: str, reference: str, region: str) -> Manifest:
        asked.append(f"{repository}@{reference} {region}")
        return INDEX

    monkeypatch.setattr(manifests_module, "ask", ask)
    known = Manifests("eu-north-1")
    for _ in range(2):
        assert known.of(REPOSITORY, INDEX.digest) == (INDEX.digest, CHILD.digest)
    assert asked == [f"{REPOSITORY}@{INDEX.digest} eu-north-1"]
    assert INDEX.media_type == OCI_INDEX


def test_ecr_is_asked_by_its_own_api(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("tasks.image.ecr.manifest", lambda where, reference: asked.append((where, reference)))
    monkeypatch.setattr("tasks.image.registry.Registry", SimpleNamespace)  # would fail: it takes no argument
    assert manifests_module.ask(REPOSITORY, NEW, "eu-north-1") is None
    assert [(where.account, where.name, reference) for where, reference in asked] == [("180703226577", "api", NEW)]
