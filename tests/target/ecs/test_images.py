"""`images` on ECR: the last pushes by time, with what their scans found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.image.registry import Registry
from tests.conftest import Dockyard
from tests.fakes.cloud import Cloud

DAY = 1_795_300_000


@pytest.fixture
def root(tmp_path: Path, cloud: Cloud) -> Path:
    """A project whose images are in ECR, where a service runs."""
    image = cloud.repository("web")
    digest = cloud.image("web", "v1", pushed=DAY, findings={"LOW": 4, "CRITICAL": 1})
    cloud.service("web", image=f"{image}@{digest}")
    (tmp_path / "env").mkdir()
    text = f"TARGET=ecs\nSERVICE=web\nIMAGE={image}\nREGION=eu-north-1\nCLUSTER=c\n"
    (tmp_path / "env" / "prod.env").write_text(text)
    return tmp_path


def test_the_last_ten_by_the_time_of_their_push(root: Path, cloud: Cloud, dockyard: Dockyard) -> None:
    for number in (5, 12, 2, 3, 4, 6, 7, 8, 9, 10, 11):
        cloud.image("web", f"v{number}", word=str(number), pushed=DAY + number)
    shown = dockyard("images --env=prod --json", root)
    assert shown.code == 0, shown.err
    assert [each["tags"] for each in shown.document["images"]] == [[f"v{number}"] for number in range(12, 2, -1)]
    assert "2 older ones are not shown; --limit=0 shows all." in shown.err


def test_tags_digest_size_push_findings_and_what_serves(root: Path, cloud: Cloud, dockyard: Dockyard) -> None:
    digest = cloud.image("web", "v1", pushed=DAY, findings={"LOW": 4, "CRITICAL": 1})
    [image] = dockyard("images --env=prod --json", root).document["images"]
    assert image["pushed_at"] == "2026-11-21T22:26:40Z"
    assert list(image["findings"].items()) == [("CRITICAL", 1), ("LOW", 4)]
    assert (image["digest"], image["tags"], image["serving"]) == (digest, ["v1"], True)
    assert image["size"] > 30_000_000
    line = dockyard("images --env=prod", root).out
    assert line.startswith(digest)
    assert "  2026-11-21T22:26:40Z  " in line
    assert line.endswith("v1  (serves; scan: 1 CRITICAL, 4 LOW)\n")


def test_a_repository_that_ecr_does_not_have_is_told_how_to_make(root: Path, dockyard: Dockyard) -> None:
    env = root / "env" / "prod.env"
    env.write_text(env.read_text().replace("amazonaws.com/web", "amazonaws.com/nobody"))
    shown = dockyard("images --env=prod", root)
    assert shown.code == 1
    assert "type aws ecr create-repository --region=eu-north-1 --image-tag-mutability=IMMUTABLE " in shown.err


def test_a_registry_on_loopback_that_stands_for_ecr_is_listed_by_it(
    root: Path, cloud: Cloud, registry_image: str, dockyard: Dockyard
) -> None:
    env = root / "env" / "prod.env"
    before = env.read_text()
    name = registry_image.partition("/")[2]
    cloud.mirror(name, registry_image)
    cloud.pushed_at(name, Registry(registry_image).digest("v1"), DAY)
    image = before.partition("IMAGE=")[2].partition("\n")[0]
    env.write_text(before.replace(image, registry_image))
    shown = dockyard("images --env=prod --json", root)
    [found] = shown.document["images"]
    assert found["tags"] == ["v1"]
    assert found["platforms"] == ["linux/amd64"]
    assert found["pushed_at"] == "2026-11-21T22:26:40Z"


def test_a_registry_on_loopback_that_ecr_does_not_know_is_listed_as_any_other(
    root: Path, registry_image: str, dockyard: Dockyard
) -> None:
    env = root / "env" / "prod.env"
    before = env.read_text()
    env.write_text(before.replace(before.partition("IMAGE=")[2].partition("\n")[0], registry_image))
    [found] = dockyard("images --env=prod --json", root).document["images"]
    assert (found["tags"], found["pushed_at"], found["findings"]) == (["v1"], "", {})
