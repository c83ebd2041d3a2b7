"""`promote`: what serves and is verified in one environment, in another by the same digest, on the real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tasks.image.registry import Registry
from tasks.target.docker.lock import Lock
from tests.conftest import Dockyard, Inv, Result
from tests.service import Service, clean, free_port

Pair = tuple[Service, Service]


class Environment(Service):
    """One environment of a project that has several."""

    name = "local"

    def set(self, **settings: str) -> None:
        """Write settings into env/NAME.env and commit them; "" takes one away."""
        self.settings |= settings
        text = "".join(f"{key}={value}\n" for key, value in self.settings.items() if value)
        (self.root / "env" / f"{self.name}.env").write_text(text, encoding="utf-8")
        self.commit()

    @property
    def lock(self) -> Path:
        """The pin."""
        return self.root / "env" / f"{self.name}.lock"


class Staging(Environment):
    name = "staging"


class Prod(Environment):
    name = "prod"


@pytest.fixture
def pair(tmp_path: Path, engine: docker.DockerClient, repository: str, service: str) -> Iterator[Pair]:
    """A project with staging and a protected prod, each with its own repository of one registry."""
    root = tmp_path / "project"
    staging = Staging(root, f"{service}-s", f"{repository}/staging", free_port())
    prod = Prod(root, f"{service}-p", f"{repository}/prod", free_port())
    staging.write()
    prod.settings = staging.settings | {
        "SERVICE": prod.service,
        "IMAGE": prod.repository,
        "URL": f"http://127.0.0.1:{prod.port}",
        "PROTECTED": "true",
    }
    prod.set(ALSO_TAG="live", ENV_WHERE="prod")
    try:
        yield staging, prod
    finally:
        for each in (staging.service, prod.service):
            clean(engine, each)
        clean(engine, service, staging.repository)
        clean(engine, service, prod.repository)


@pytest.fixture
def inv(pair: Pair, dockyard: Dockyard) -> Inv:
    return lambda line: dockyard(line, pair[0].root)


@pytest.fixture
def promote(inv: Inv) -> Callable[..., Result]:
    """`promote --from=staging --to=prod` with more flags."""
    return lambda flags="": inv(f"promote --from=staging --to=prod {flags}")


def test_the_same_digest_is_deployed_without_a_rebuild(
    pair: Pair, inv: Inv, promote: Callable[..., Result], engine: docker.DockerClient
) -> None:
    staging, prod = pair
    released = inv("release --env=staging --json").document
    (prod.root / "dirt").write_text("nothing is built, so it does not matter")

    promoted = promote("--json")

    assert promoted.code == 0, promoted.err
    document = promoted.document
    assert document["from"] == "staging"
    assert (document["env"], document["service"], document["changed"]) == ("prod", prod.service, True)
    assert (document["digest"], document["tag"]) == (released["digest"], released["tag"])
    assert {each["name"]: each["ok"] for each in document["checks"]}["digest"] is True
    assert prod.get("/revision")["hostname"] == document["revision"]
    assert f"IMAGE={prod.repository}\nDIGEST={released['digest']}\nTAG={released['tag']}\n" in prod.lock.read_text()
    running = engine.containers.get(document["revision"]).image
    assert running == engine.images.get(f"{staging.repository}:{released['tag']}")
    there = Registry(prod.repository)
    assert there.digest(released["tag"]) == there.digest("live") == released["digest"]
    assert there.manifest("live") == Registry(staging.repository).manifest(released["digest"])
    [listed] = inv("history --env=prod --json").document["releases"]
    assert (listed["note"], listed["verified"]) == ("promoted from staging", True)
    assert inv("verify --env=prod").code == 0
    assert inv("deploy.plan --env=prod").code == 0

    again = promote("--json")
    assert (again.code, again.document["changed"], again.document["from"]) == (0, False, "staging")
    assert len(inv("history --env=prod --json").document["releases"]) == 1


def test_within_one_repository_nothing_is_copied_and_env_names_the_goal_too(pair: Pair, inv: Inv) -> None:
    staging, prod = pair
    prod.set(IMAGE=staging.repository, RELEASE_COMMAND="echo migrated")
    released = inv("release --env=staging --json").document
    promoted = inv("promote --from=staging --env=prod --note=friday --json")
    assert promoted.code == 0, promoted.err
    assert "Copying" not in promoted.err
    assert "migrated" in promoted.err
    assert promoted.document["digest"] == released["digest"]
    assert f"IMAGE={staging.repository}\n" in prod.lock.read_text()
    assert inv("history --env=prod --json").document["releases"][0]["note"] == "friday"
    assert Registry(staging.repository).digest("live") == released["digest"]


def test_a_dry_promotion_says_what_it_would_do_and_changes_nothing(
    pair: Pair, inv: Inv, promote: Callable[..., Result], engine: docker.DockerClient
) -> None:
    staging, prod = pair
    released = inv("release --env=staging --json").document
    dry = inv("--dry promote --from=staging --to=prod --json")
    assert dry.code == 0, dry.err
    for said in (
        "Would copy 1 manifest and ",
        f"from {staging.repository} to {prod.repository}.",
        f"Would let {prod.repository}:{released['tag']} be {released['digest']}.",
        f"Would let {prod.repository}:live be {released['digest']}.",
        f"Would pin {released['tag']} in env/prod.lock.",
        f"Would deploy {prod.service} (first deploy):",
    ):
        assert said in dry.err
    assert (dry.document["changed"], dry.document["from"], dry.document["digest"]) == (
        False,
        "staging",
        released["digest"],
    )
    assert not prod.lock.exists()
    assert Registry(prod.repository).tags() == []
    assert not engine.containers.list(all=True, filters={"label": f"dockyard.service={prod.service}"})


def test_a_tag_that_is_taken_there_gets_a_number(pair: Pair, inv: Inv, promote: Callable[..., Result]) -> None:
    staging, prod = pair
    inv("release --env=staging")
    first = promote("--json").document
    there = Registry(prod.repository)
    taken = there.manifest(first["digest"])
    assert taken
    there.put(taken, "second")
    staging.change("other content")
    released = inv("release --env=staging --tag=second --json").document
    promoted = promote("--json")
    assert promoted.code == 0, promoted.err
    assert (promoted.document["digest"], promoted.document["tag"]) == (released["digest"], "second-v2")
    assert there.digest("second") == first["digest"]
    assert there.digest("second-v2") == there.digest("live") == released["digest"]

    staging.change("third")
    assert inv("release --env=staging --tag=live").code == 0
    assert promote("--json").document["tag"] == "live-v2", "what moves there is no name of a release"


def test_a_promotion_that_fails_is_undone(pair: Pair, inv: Inv, promote: Callable[..., Result]) -> None:
    """The pin stays at what was promoted, as after a release that fails: `status` and `deploy.plan` tell."""
    staging, prod = pair
    inv("release --env=staging")
    first = promote("--json").document
    staging.change("two")
    second = inv("release --env=staging --json").document
    prod.set(CHECK_ROOT="GET / 201")
    failed = promote("--json")
    assert failed.code == 4, failed.err
    assert "GET / answered 200, not 201" in failed.document["error"]
    assert f"It was undone; {first['revision']} serves." in failed.document["error"]
    assert prod.get("/revision")["hostname"] == first["revision"]
    status = inv("status --env=prod --json").document
    assert (status["digest"], status["pinned"]) == (first["digest"], second["digest"])
    prod.set(CHECK_ROOT="GET / 200")
    assert promote("--json").document["digest"] == second["digest"]


def test_what_was_withdrawn_while_the_other_environment_was_waited_for_is_not_promoted(
    pair: Pair, inv: Inv, engine: docker.DockerClient
) -> None:
    staging, prod = pair
    first = inv("release --env=staging --json").document
    staging.change("two")
    inv("release --env=staging")
    with Lock(engine, prod.service, "prod").held("a long one"):
        waiting = staging.start("promote", "--from=staging", "--to=prod", "--wait-lock=60s")
        assert waiting.stderr
        while "Waiting for" not in waiting.stderr.readline():
            assert waiting.poll() is None
        assert inv("rollback --env=staging").code == 0
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert f"{first['tag']} serves in staging by now, no longer " in said
    assert not prod.lock.exists()


def test_what_may_not_be_promoted_is_refused_with_what_to_type(
    pair: Pair, inv: Inv, promote: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    staging, prod = pair

    def refused(line: str, sentence: str) -> None:
        said = inv(line)
        assert said.code == 1
        assert sentence in said.err
        assert len(said.err.strip().splitlines()) == 1

    goes = "promote --from=staging --to=prod"
    refused(
        "promote --to=prod", "--from was not given: say whose release, such as inv promote --from=staging --to=prod"
    )
    refused("promote --from=staging --to=prod --env=staging", "--to=prod and --env=staging both say where to")
    refused("promote --from=prod --to=prod", "--from and --to are both prod; inv deploy --env=prod")
    refused("promote --from=stagin --to=prod", "did you mean --env=staging?")
    monkeypatch.setenv("DOCKYARD_ENV", "prod")
    refused("promote --from=staging", "prod is protected, so it must be named to be changed")
    refused(goes, f"{staging.service} has no revision in staging: inv release --env=staging")

    staging.set(LOG_DENY="listens", AUTO_ROLLBACK="false")
    inv("release --env=staging")
    revision = inv("status --env=staging --json").document["revision"]
    refused(goes, f"{revision} serves in staging, but was never verified; inv deploy --env=staging deploys it anew")

    staging.set(LOG_DENY="Traceback", AUTO_ROLLBACK="")
    first = inv("deploy --env=staging --json").document
    pinned = staging.lock.read_text()
    staging.lock.write_text(pinned.replace(first["digest"], f"sha256:{'0' * 64}"))
    refused(
        goes, f"but {first['digest']} serves in staging; inv deploy --env=staging brings up what is pinned, inv pin"
    )
    staging.lock.write_text(pinned)

    staging.set(ENV_VERSION="two")
    inv("deploy --env=staging --no-traffic --traffic-tag=next")
    inv("traffic.split --env=staging --to=next --percent=20")
    refused(goes, f"No one revision serves in staging ({first['revision']} 80 %")
    inv(f"traffic.migrate --env=staging --to={first['revision']}")

    prod.set(PLATFORM="linux/arm64")
    refused(goes, "linux/arm64")
    prod.set(PLATFORM="", SECRET_TOKEN="env:NOWHERE_TO_BE_FOUND")
    refused(goes, "NOWHERE_TO_BE_FOUND")
    assert Registry(prod.repository).tags() == []
    assert not prod.lock.exists()
