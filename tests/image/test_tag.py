"""Tags: templates, hotfixes, moving tags, and what happens where other content has the name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tasks.environment.settings import Environment
from tasks.errors import SettingError
from tasks.image import tag
from tasks.image.source import Source

NOW = datetime(2026, 11, 22, 0, 30, 5, tzinfo=timezone(timedelta(hours=2)))  # still the 21st in UTC
CLEAN = Source(sha="0a1b2c3d" * 5, short="0a1b2c3", branch="feature/Über  x")
DIRTY = Source(sha="0a1b2c3d" * 5, short="0a1b2c3", branch="main", dirty=True)

Settings = Callable[..., Environment]


@pytest.mark.parametrize(
    ("template", "source", "made"),
    [
        ("{sha}", CLEAN, "0a1b2c3"),
        ("{sha}", DIRTY, "0a1b2c3-dirty"),
        ("{env}-{date}", CLEAN, "local-20261121"),
        ("{date}-{time}", CLEAN, "20261121-223005"),
        ("{branch}", CLEAN, "feature-ber-x"),
        ("b{build}", CLEAN, "b201-dev"),
        ("v{version}", CLEAN, "v2.0.1-dev"),
        ("production-fixed-{date}", CLEAN, "production-fixed-20261121"),
    ],
)
def test_a_template_is_filled(settings: Settings, template: str, source: Source, made: str) -> None:
    environment = settings(f"TAG={template}", "VERSION_FROM=build_number", "BUILD_NUMBER=201-dev")
    assert tag.wanted(environment, source, now=NOW) == made


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("production-fixed-{date}", "production-hotfix-{date}-issue123"),
        ("{env}-{date}", "{env}-hotfix-{date}-issue123"),
        ("{sha}", "{sha}-hotfix-issue123"),
        ("prefixed-{env}", "prefixed-{env}-hotfix-issue123"),
    ],
)
def test_a_hotfix_changes_the_template(template: str, made: str) -> None:
    assert tag.for_hotfix(template, "issue123") == made


def test_a_hotfix_ends_with_its_issue(settings: Settings) -> None:
    environment = settings("TAG=production-fixed-{date}")
    assert tag.wanted(environment, CLEAN, hotfix="issue123", now=NOW) == "production-hotfix-20261121-issue123"


@pytest.mark.parametrize("issue", ["issue 1", "a/b", "{sha}"])
def test_an_issue_must_fit_into_a_tag(issue: str) -> None:
    with pytest.raises(SettingError, match="--hotfix="):
        tag.for_hotfix("{sha}", issue)


@pytest.mark.parametrize(
    ("template", "why"),
    [("{sha}", "needs a git commit"), ("{branch}", "needs a git branch")],
)
def test_a_field_without_a_value_is_an_error(settings: Settings, template: str, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        tag.wanted(settings(f"TAG={template}"), Source())


@pytest.mark.parametrize("given", ["-x", ".x", "a b", "a/b", "x" * 129, "é"])
def test_an_invalid_tag_is_said_with_its_value(settings: Settings, given: str) -> None:
    with pytest.raises(SettingError) as caught:
        tag.wanted(settings(), CLEAN, tag=given)
    assert repr(given) in str(caught.value.message)


@pytest.mark.parametrize("given", ["latest", "stable", "edge"])
def test_a_moving_tag_is_never_the_builds(settings: Settings, given: str) -> None:
    with pytest.raises(SettingError, match=f"--also={given}"):
        tag.wanted(settings("ALSO_TAG=stable,edge"), CLEAN, tag=given)


def test_a_tag_and_a_hotfix_exclude_each_other(settings: Settings) -> None:
    with pytest.raises(SettingError, match="exclude each other"):
        tag.wanted(settings(), CLEAN, tag="v1", hotfix="issue1")


@pytest.mark.parametrize(
    ("taken", "free"), [(set(), "v1"), ({"v1"}, "v1-v2"), ({"v1", "v1-v2"}, "v1-v3"), ({"v1-v2"}, "v1")]
)
def test_the_first_tag_that_no_other_content_has(taken: set[str], free: str) -> None:
    assert tag.free("v1", taken.__contains__) == free


def test_several_platforms_have_a_tag_each() -> None:
    assert tag.each("v1", ["linux/amd64"]) == {"linux/amd64": "v1"}
    assert tag.each("v1", ["linux/amd64", "linux/arm/v7"]) == {
        "linux/amd64": "v1-linux-amd64",
        "linux/arm/v7": "v1-linux-arm-v7",
    }
    assert tag.whole(["v1-linux-arm-v7", "other"], ["linux/amd64", "linux/arm/v7"], "linux/arm/v7") == ["v1"]
    assert tag.whole(["v1", "v2"], ["linux/amd64"], "linux/amd64") == ["v1", "v2"]


@pytest.mark.parametrize(
    ("tags", "template", "newest"),
    [
        (["v9", "v10"], "", "v10"),
        (["zz", "main", "main-v2"], "main", "main-v2"),
        (["main-v9", "main-v10", "main"], "main", "main-v10"),
        (["p-20261120", "p-20261121-v2", "p-20261121"], "", "p-20261121-v2"),
    ],
)
def test_one_tag_speaks_for_an_image(tags: list[str], template: str, newest: str) -> None:
    assert tag.newest(tags, template) == newest


def test_dates_are_utc(settings: Settings) -> None:
    made = tag.wanted(settings("TAG={date}"), CLEAN)
    assert made in {datetime.now(UTC).strftime("%Y%m%d"), (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y%m%d")}
