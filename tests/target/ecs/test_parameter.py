"""The parameter that is a lock: what is asked of Parameter Store, what meets there, and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest

from tasks.errors import DeployFailed, DockyardError, Locked, NoLock
from tasks.target.ecs import parameter
from tasks.target.ecs.lock import Parameter
from tasks.target.lock import Taken
from tests.fakes.cloud import Cloud
from tests.fakes.faults import Front
from tests.target.ecs.holding import MARKER, NAME, Own, claimed, names, put, reader, value


def test_a_sign_of_life_keeps_it_and_looks_first_and_after(
    own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parameter, "every", 0.2)
    with own().held("renewed"):
        cloud.reset_calls()
        time.sleep(0.35)
        calls = [(each.operation, each.request["Name"]) for each in cloud.log]
        assert calls[:3] == [("GetParameter", NAME), ("PutParameter", NAME), ("GetParameter", f"{NAME}:1")]
        assert cloud.requests("PutParameter")[0]["Overwrite"] is True
    assert names(cloud) == []


@pytest.mark.parametrize("thief", [True, False])
def test_a_theft_between_look_and_sign_of_life_is_undone_by_the_sign(
    own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, thief: bool
) -> None:
    place = own().place
    mine = place.create(claimed("mine"))
    look = parameter.look

    def late(ssm: object, name: str) -> object:
        found = look(ssm, name)
        reader(cloud).delete_parameter(Name=NAME)
        if thief:
            put(cloud, claimed("thief"), held="another")
        return found

    monkeypatch.setattr(parameter, "look", late)
    assert place.sign(mine) is False
    monkeypatch.undo()
    assert [value(cloud)["reason"]] == ["thief"] if thief else names(cloud) == []


def test_a_holder_who_wakes_up_and_gives_back_loses_nothing_of_who_came_then(
    own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, claimed("dead", lease=0.01))
    time.sleep(1.1)
    found = own().place.look()
    assert found
    replaced = parameter.replaced

    def late(*given: object) -> bool:
        reader(cloud).delete_parameter(Name=NAME)
        put(cloud, claimed("faster"), held="faster")
        return replaced(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(parameter, "replaced", late)
    with pytest.raises(Taken):
        own().place.take_over(found, claimed("late"))
    assert value(cloud)["reason"] == "faster"
    assert names(cloud) == [NAME]


def test_whoever_comes_late_to_a_lock_that_was_taken_over_writes_nothing(own: Own, cloud: Cloud) -> None:
    put(cloud, claimed("dead", lease=0.01))
    time.sleep(1.1)
    found = own().place.look()
    assert found
    own().place.take_over(found, claimed("faster"))
    cloud.reset_calls()
    with pytest.raises(Taken):
        own().place.take_over(found, claimed("late"))
    assert [each["Name"] for each in cloud.requests("PutParameter")] == [MARKER]
    assert value(cloud)["reason"] == "faster"
    assert names(cloud) == [NAME]


def test_one_who_was_killed_while_taking_over_keeps_nobody_from_it(own: Own, cloud: Cloud) -> None:
    for name in (NAME, MARKER):
        put(cloud, claimed("dead", lease=0.01), name=name)
    time.sleep(1.1)
    with own().held("the next"):
        assert value(cloud)["reason"] == "the next"
    assert names(cloud) == []


def test_without_permission_it_is_said_once_and_the_release_goes_on(
    own: Own, cloud: Cloud, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.deny("ssm:PutParameter", "ssm:GetParameter")
    release = own()
    for _ in range(2):
        with release.held("release"):
            release.fence()
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1, said
    assert said[0].startswith("web is released without a lock. AWS denies what its lock needs (User: ")
    assert said[0].endswith(
        "let the credentials' role do ssm:GetParameter, ssm:PutParameter and ssm:DeleteParameter on "
        "parameter/dockyard/c/web/lock*."
    )
    for tried in (release.holder, lambda: release.hold("maintenance")):
        with pytest.raises(NoLock):
            tried()


def test_whoever_may_make_it_but_not_look_is_refused_where_it_is_there(own: Own, cloud: Cloud) -> None:
    put(cloud, claimed())
    cloud.deny("ssm:GetParameter")
    with pytest.raises(Locked, match="Somebody holds web, and who does is not to be seen"), own().held("release"):
        pytest.fail("two hold it")


def test_whoever_may_not_delete_it_is_told_that_it_ends_by_itself(
    own: Own, cloud: Cloud, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.deny("ssm:DeleteParameter")
    with pytest.raises(DeployFailed, match="the outcome"), own().held("release"):
        raise DeployFailed("the outcome")
    assert "The lock of web ends by itself within 90 s. AWS denies ssm:DeleteParameter" in capfd.readouterr().err
    with own().held("the next on this machine takes it over"):
        pass


def test_throttling_is_waited_out(own: Own, cloud: Cloud) -> None:
    cloud.fail("PutParameter", "ThrottlingException", times=2)
    cloud.fail("DeleteParameter", "ThrottlingException", times=1)
    with own().held("release"):
        pass
    assert names(cloud) == []


def test_a_request_that_was_done_and_sent_again_is_ones_own(
    own: Own, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that was lost: the client sends the same again, and is told that the parameter is there."""
    answer, lost = Front.__call__, list[bytes]()

    def losing(front: Front, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if lost:
            return answer(front, environ, start)
        lost.extend(answer(front, environ, lambda *_: None))
        start("500 Internal Server Error", [("Content-Length", "0")])
        return []

    monkeypatch.setattr(Front, "__call__", losing)
    with own().held("release"):
        assert lost
        assert value(cloud)["reason"] == "release"
    assert names(cloud) == []


def test_a_parameter_that_is_no_lock_is_left_alone(own: Own, cloud: Cloud) -> None:
    reader(cloud).put_parameter(Name=NAME, Value="mine", Type="String")
    with (
        pytest.raises(DockyardError, match=f"`aws ssm delete-parameter --name {NAME}`"),
        own().held("release"),
    ):
        pytest.fail("it is somebody's parameter")
    assert names(cloud) == [NAME]


def test_a_reason_with_braces_and_of_any_length_can_be_written() -> None:
    held = parameter.written("1", claimed("{{ssm:x}} " * 1000))
    assert "{{" not in held
    assert "}}" not in held
    assert len(held) < 4096


@pytest.mark.parametrize(
    ("cluster", "service", "expected"),
    [
        ("c", "web", "/dockyard/c/web/lock"),
        ("", "web", "/dockyard/default/web/lock"),
        ("arn:aws:ecs:eu-north-1:1:cluster/c", "arn:aws:ecs:eu-north-1:1:service/c/web", "/dockyard/c/web/lock"),
    ],
)
def test_a_service_is_its_cluster_and_name(cluster: str, service: str, expected: str) -> None:
    assert parameter.name(cluster, service) == expected
