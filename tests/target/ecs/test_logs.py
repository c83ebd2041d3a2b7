"""What tasks wrote: in what order lines come, and what is said where none can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.errors import DockyardError, SettingError, Unreadable
from tasks.target import LogLine, LogQuery
from tasks.target.ecs import logs, streams
from tasks.target.ecs.workers import Fleet
from tests.fakes import cloudwatch as fake
from tests.fakes.cloud import Cloud
from tests.fakes.images import digest
from tests.target.ecs.reading import Read, ids, now, quiet, texts
from tests.target.ecs.reading import fleet as fleet
from tests.target.ecs.reading import read as read

WORKER = "PROCESS_QUEUE=celery worker\n"


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake reads from the end where it is asked to, as CloudWatch does."""

    def filtered(ecs: Any, request: dict[str, Any]) -> dict[str, Any]:
        reply = asked(ecs, {**request, "limit": 10_000, "nextToken": ""})
        if request.get("startFromHead") is False:
            reply["events"].reverse()
        return dict(ecs.page("events", reply["events"], request, request.get("limit", 10_000)))

    asked = fake.OPERATIONS["FilterLogEvents"]
    monkeypatch.setitem(fake.OPERATIONS, "FilterLogEvents", filtered)


def test_lines_of_all_tasks_and_workers_come_in_order_of_time(cloud: Cloud, read: Read) -> None:
    quiet(cloud)
    cloud.service("web", desired=2)
    cloud.service("web-queue", image=f"{cloud.region().registry}/web@{digest('v1')}")
    one, two = ids(cloud)
    [worker] = ids(cloud, "web-queue")
    at = now()
    cloud.logs("/ecs/web", f"ecs/app/{one}", [(at, "a"), (at + 30, "d\n")])
    cloud.logs("/ecs/web", f"ecs/app/{two}", [(at + 10, "b")])
    cloud.logs("/ecs/web-queue", f"ecs/app/{worker}", [(at + 20, "c")])
    assert read(WORKER) == [
        LogLine(streams.at(at), f"web-{one[:8]}", "a"),
        LogLine(streams.at(at + 10), f"web-{two[:8]}", "b"),
        LogLine(streams.at(at + 20), f"queue-{worker[:8]}", "c"),
        LogLine(streams.at(at + 30), f"web-{one[:8]}", "d"),
    ]


def test_only_the_service_s_own_tasks_of_the_revision_are_read(cloud: Cloud, read: Read) -> None:
    quiet(cloud)
    cloud.service("web")
    cloud.service("other", image=f"{cloud.region().registry}/web@{digest('v1')}")
    cloud.logs("/ecs/web", f"ecs/app/{ids(cloud, 'other')[0]}", [(now(), "another service")])
    cloud.logs("/ecs/web", f"ecs/app/{'0' * 32}", [(now(), "a task that ECS does not know")])
    [old] = ids(cloud)
    again = cloud.task_definition("web")
    cloud.client("ecs").register_task_definition(
        family="web", containerDefinitions=[{"name": "app", "image": again["containerDefinitions"][0]["image"]}]
    )
    cloud.logs("/ecs/web", f"ecs/app/{old}", [(now(), "mine")])
    assert texts(read()) == ["mine"]
    assert texts(read(revision="web:1")) == ["mine"]


@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_a_limit_keeps_the_newest(cloud: Cloud, read: Read, request: pytest.FixtureRequest, order: str) -> None:
    if order == "backwards":
        request.getfixturevalue("backwards")
    quiet(cloud)
    cloud.service("web")
    [task] = ids(cloud)
    at = now() - 1000
    cloud.logs("/ecs/web", f"ecs/app/{task}", [(at + n, f"line {n}") for n in range(250)])
    cloud.set(log_page=60 if order == "forwards" else 10_000)
    assert texts(read(limit=3)) == ["line 247", "line 248", "line 249"]
    assert texts(read(limit=120)) == [f"line {n}" for n in range(130, 250)]
    assert len(read(limit=0)) == 250


def test_an_empty_page_is_not_the_end(cloud: Cloud, read: Read) -> None:
    cloud.service("web")
    cloud.set(log_gaps=True)
    assert texts(read()) == ["ready"]


def test_a_filter_is_cloudwatch_s_own(cloud: Cloud, read: Read) -> None:
    quiet(cloud)
    cloud.service("web")
    [task] = ids(cloud)
    at = now()
    cloud.logs("/ecs/web", f"ecs/app/{task}", [(at, "ERROR one"), (at, "fine"), (at, "WARN two"), (at, "ERROR skip")])
    assert texts(read(filter="?ERROR ?WARN")) == ["ERROR one", "WARN two", "ERROR skip"]
    assert texts(read(filter="ERROR -skip")) == ["ERROR one"]
    assert [each["filterPattern"] for each in cloud.requests("FilterLogEvents")] == ["?ERROR ?WARN", "ERROR -skip"]


def test_a_filter_that_cloudwatch_does_not_understand(cloud: Cloud, read: Read) -> None:
    cloud.service("web")
    cloud.fail("FilterLogEvents", "InvalidParameterException", message="Invalid filter pattern")
    with pytest.raises(SettingError, match=r"--filter=\{ \$ is no filter pattern of CloudWatch's \(Invalid filter"):
        read(filter="{ $")


def test_since_leaves_out_what_is_older(cloud: Cloud, read: Read) -> None:
    quiet(cloud)
    cloud.service("web")
    [task] = ids(cloud)
    cloud.logs("/ecs/web", f"ecs/app/{task}", [(now() - 1500, "old"), (now(), "new")])
    assert texts(read(since=1.0)) == ["new"]


def test_a_long_while_reads_the_streams_of_the_tasks_that_ecs_lists(
    cloud: Cloud, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "REMEMBERED", -9e9)
    cloud.service("web", desired=2)
    assert texts(read()) == ["ready", "ready"]
    [asked] = cloud.requests("FilterLogEvents")
    assert asked["logStreamNames"] == sorted(f"ecs/app/{task}" for task in ids(cloud))


def test_a_stream_that_is_not_there_yet_hides_no_other(
    cloud: Cloud, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "REMEMBERED", -9e9)
    quiet(cloud)
    cloud.service("web", desired=2)
    cloud.logs("/ecs/web", f"ecs/app/{ids(cloud)[0]}", [(now(), "up")])
    assert texts(read()) == ["up"]


def test_a_group_that_is_missing_is_said(cloud: Cloud, read: Read) -> None:
    quiet(cloud)
    cloud.service("web")
    with pytest.raises(DockyardError) as caught:
        read()
    assert str(caught.value) == (
        "There is no log group /ecs/web in eu-north-1, where the tasks should log to: type "
        "aws logs create-log-group --region=eu-north-1 --log-group-name=/ecs/web."
    )


def test_a_scan_since_the_deployment_began_takes_two_calls_beside_the_look(
    cloud: Cloud, fleet: Callable[..., Fleet]
) -> None:
    cloud.service("web", desired=3)
    ours = fleet()
    looks = ours.look()
    cloud.reset_calls()
    lines = list(logs.read(ours, LogQuery(limit=0, revision="web:1"), looks))
    assert texts(lines) == ["ready"] * 3
    assert [operation for _, operation in cloud.calls] == ["FilterLogEvents", "DescribeTasks"]


def test_the_previous_log_is_that_of_the_task_that_stopped_last(
    cloud: Cloud, read: Read, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.service("web")
    [gone] = ids(cloud)
    cloud.crash("web", exit_code=3, logs=["Traceback", "KeyError: 'DATABASE_URL'"])
    assert texts(read(previous=True)) == ["ready", "Traceback", "KeyError: 'DATABASE_URL'"]
    said = capsys.readouterr().err
    assert f"web-{gone[:8]} of web:1 stopped at 20" in said
    assert "Essential container in task exited; app exited with code 3" in said


def test_no_task_that_stopped_is_said(cloud: Cloud, read: Read) -> None:
    cloud.service("web")
    with pytest.raises(DockyardError, match=r"ECS knows no task of web that has stopped; .* inv history --env=prod"):
        read(previous=True)


def test_the_last_lines_for_a_diagnosis(cloud: Cloud, fleet: Callable[..., Fleet]) -> None:
    quiet(cloud)
    cloud.service("web")
    [task] = ids(cloud)
    at = now()
    cloud.logs("/ecs/web", f"ecs/app/{task}", [(at + n, f"line {n}") for n in range(30)])
    ours = fleet()
    definition = ours.look().main.definition
    assert logs.last_lines(ours.clients, definition, task, "app") == [f"line {n}" for n in range(10, 30)]
    assert logs.last_lines(ours.clients, definition, task, "app", 1) == ["line 29"]
    cloud.deny("logs:GetLogEvents")
    assert logs.last_lines(ours.clients, definition, task, "app") == []
    assert logs.last_lines(ours.clients, definition, task, "nobody") == []


def test_no_last_lines_where_there_is_no_stream(
    cloud: Cloud, fleet: Callable[..., Fleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "RETRY", 0.0)
    cloud.service("web")
    ours = fleet()
    assert logs.last_lines(ours.clients, ours.look().main.definition, "0" * 32, "app") == []


def test_a_group_that_may_not_be_read_is_said(cloud: Cloud, read: Read) -> None:
    cloud.service("web")
    cloud.deny("logs:FilterLogEvents")
    with pytest.raises(Unreadable, match=r"AWS denies logs:FilterLogEvents"):
        read()
