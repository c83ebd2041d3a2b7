"""What prune may deregister, and what it never does."""

from __future__ import annotations

from pathlib import Path

from tasks.target import Release, Removal, Revision
from tasks.target.ecs import definition
from tasks.target.ecs.definition import Definition
from tasks.target.ecs.history import listed
from tasks.target.ecs.pruning import lasting, newest, owned, prunable, prune, removals, staying
from tasks.target.ecs.running import short
from tests.fakes.cloud import Cloud
from tests.target.ecs.looking import deployed, fleet, register, served, settings
from tests.target.ecs.sample import FAMILY, described

DIGESTS = [f"sha256:{letter * 64}" for letter in "0123456789"]


def history(*verified: int, count: int = 8) -> list[Revision]:
    return [
        Revision(f"api:{number}", Release("r/api", DIGESTS[number]), verified=number in verified)
        for number in range(count, 0, -1)
    ]


def test_the_last_verified_stay_beside_what_serves() -> None:
    assert staying(history(8, 7, 5, 3, 2), {"api:8"}, "api:8", 2, ()) == {"api:8", "api:7", "api:5"}


def test_a_pinned_digest_stays() -> None:
    assert staying(history(8, 7, 5), {"api:8"}, "api:8", 0, [DIGESTS[2]]) == {"api:8", "api:2"}


def test_what_a_rollback_would_take_stays_even_where_the_same_release_was_deployed_again() -> None:
    again = [Revision(each.name, Release("r/api", DIGESTS[8]), verified=True) for each in history(count=8)[:2]]
    found = [*again, *history(6, 5)[2:]]
    assert staying(found, {"api:8"}, "api:8", 1, ()) == {"api:8", "api:7", "api:6"}


def worker(number: int, of: str) -> Definition:
    return defined(f"{FAMILY}-beat:{number}", {"dockyard.of": of, "dockyard.at": "2026"})


def defined(arn: str, tags: dict[str, str]) -> Definition:
    entries = [{"key": key, "value": value} for key, value in tags.items()]
    return definition.read({"taskDefinition": described(taskDefinitionArn=arn), "tags": entries})


def test_a_worker_goes_with_the_main_revision_that_it_belongs_to() -> None:
    known = [worker(2, "api:8"), worker(1, "api:3")]
    assert list(removals(known, [], {"api:8"}, 5)) == [
        Removal("revision", "api-beat:1", "belongs to api:3, which goes or is gone")
    ]
    assert owned(known, {"api-beat:1"}) == {"api-beat:1", "api:3"}


def test_what_dockyard_never_registered_stays() -> None:
    known = [defined(f"{FAMILY}:1", {}), defined(f"{FAMILY}:2", {"dockyard.at": "2026", "team": "a"})]
    assert [each.name for each in removals(known, [], set(), 5)] == ["api:2"]


def test_the_newest_of_each_family_is_kept() -> None:
    assert newest([defined(f"{FAMILY}:9", {}), defined(f"{FAMILY}:8", {}), worker(3, "")]) == {"api:9", "api-beat:3"}


def test_what_ecs_may_go_back_to_is_in_use() -> None:
    briefs = [{"status": status} for status in ("IN_PROGRESS", "STOPPED", "SUCCESSFUL", "SUCCESSFUL")]
    assert lasting(briefs) == [briefs[0], briefs[2]]


def kept(cloud: Cloud) -> list[str]:
    return [short(arn) for arn in listed(cloud.client("ecs"), "web")]


def released(cloud: Cloud, count: int) -> list[str]:
    """A service with so many releases that Dockyard made and verified, the last of which serves; their digests."""
    served(cloud)
    digests = [cloud.image("web", f"v{number}", word=f"{number}") for number in range(2, count + 2)]
    for digest in digests:
        deployed(cloud, digest, at="2026-11-22T05:05:00Z", verified="2026-11-22T05:06:00Z")
    return digests


def test_old_revisions_are_deregistered_and_those_that_a_rollback_needs_are_not(cloud: Cloud, tmp_path: Path) -> None:
    digests = released(cloud, 5)  # web:2 to web:6
    env = settings(cloud, tmp_path)
    look = fleet(env)
    found = prunable(look.catalog, env, look.names, 2, [digests[0]])
    assert found == [Removal("revision", "web:3", "not among the last 2 verified")]
    assert kept(cloud) == ["web:6", "web:5", "web:4", "web:3", "web:2", "web:1"]
    assert prune(look.catalog, env, look.names, found) == found
    assert kept(cloud) == ["web:6", "web:5", "web:4", "web:2", "web:1"]


def test_what_any_service_of_the_cluster_uses_stays(cloud: Cloud, tmp_path: Path) -> None:
    released(cloud, 3)
    cloud.service("other")
    cloud.client("ecs").update_service(cluster="c", service="other", taskDefinition="web:2")
    env = settings(cloud, tmp_path)
    look = fleet(env)
    assert [each.name for each in prunable(look.catalog, env, look.names, 0, ())] == ["web:3"]


def test_a_rollout_under_way_keeps_both_sides(cloud: Cloud, tmp_path: Path) -> None:
    digests = released(cloud, 3)
    assert cloud.running("web")["deployments"][0]["rolloutState"] == "COMPLETED"
    cloud.rollout(60)
    deployed(cloud, digests[0], at="2026-11-22T05:05:00Z")  # web:5
    register(cloud, "web:5", digests[1], at="2026-11-22T05:05:00Z")  # web:6, the newest
    env = settings(cloud, tmp_path)
    look = fleet(env)
    assert [each.name for each in prunable(look.catalog, env, look.names, 0, ())] == ["web:3", "web:2"]


def test_what_came_into_use_meanwhile_is_not_deregistered(cloud: Cloud, tmp_path: Path) -> None:
    released(cloud, 3)
    env = settings(cloud, tmp_path)
    look = fleet(env)
    found = prunable(look.catalog, env, look.names, 0, ())
    cloud.client("ecs").update_service(cluster="c", service="web", taskDefinition="web:2")
    assert [each.name for each in found] == ["web:3", "web:2"]
    assert [each.name for each in prune(look.catalog, env, look.names, found)] == ["web:3"]
    assert "web:2" in kept(cloud)
