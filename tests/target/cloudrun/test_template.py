"""A release's template: what each setting changes of the live one, byte for byte, and that nothing else does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from google.cloud import run_v2
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from tasks.errors import SettingError
from tasks.target.cloudrun import template as built

from .sample import NEW, RELEASE, REPOSITORY, api, reference, router, settings, template, variable

LEDGER = {
    "dockyard.tag": "v2",
    "dockyard.digest": NEW,
    "dockyard.commit": "c0ffee",
    "dockyard.by": "alice@example.com",
    "dockyard.at": "2026-11-22T05:05:00Z",
    "dockyard.note": "a, b",
    "dockyard.env": "prod",
}


def wanted(
    root: Path, text: str = "", live: run_v2.RevisionTemplate | None = None, **more: Any
) -> run_v2.RevisionTemplate:
    found = built.wanted(live or template(), settings(root, text), RELEASE, **more)
    assert len(found.annotations.pop("dockyard.spec")) == 16
    return found


def expected(**container: Any) -> run_v2.RevisionTemplate:
    """The live template as a release without settings makes it, with a container that differs in these fields."""
    changed = api(**{"image": f"{REPOSITORY}@{NEW}", **container})
    return template(changed, revision="", annotations={"owner": "bob", **LEDGER})


def test_a_release_changes_image_ledger_and_name_and_nothing_else(tmp_path: Path) -> None:
    assert wanted(tmp_path) == expected()


def test_a_revision_can_be_named(tmp_path: Path) -> None:
    assert wanted(tmp_path, revision="api-00008-xyz").revision == "api-00008-xyz"


def test_the_live_template_itself_is_not_touched(tmp_path: Path) -> None:
    live = template()
    wanted(tmp_path, "CPU=2\nENV_A=1\nPORT=9000\nHEALTH_PATH=/h\nCLOUDSQL=p:r:i\nMIN_INSTANCES=2\n", live)
    assert live == template()


def test_variables_and_secrets_are_set_byte_for_byte_in_place_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "vars").write_text('FILED="kept" \' ${x}\\ #\n', encoding="utf-8")
    text = "ENV_FILE=vars\nENV_MODE=\nENV_NEW='ü $x\n\"'\nSECRET_DB_PASSWORD=db\nENV_TOKEN=none\nSECRET_KEY=key:3\n"
    assert wanted(tmp_path, text) == expected(
        env=[
            variable("MODE", ""),
            reference("DB_PASSWORD", "db"),
            variable("TOKEN", "none"),
            variable("FILED", '"kept" \' ${x}\\ #'),
            variable("NEW", 'ü $x\n"'),
            reference("KEY", "key", "3"),
        ]
    )


@pytest.mark.parametrize(
    ("text", "secret", "version"),
    [
        ("key", "key", "latest"),
        ("key:3", "key", "3"),
        ("key:latest", "key", "latest"),
        ("projects/p/secrets/key", "key", "latest"),
        ("projects/other/secrets/key", "projects/other/secrets/key", "latest"),
        ("projects/other/secrets/key/versions/7", "projects/other/secrets/key", "7"),
    ],
)
def test_each_form_of_a_secret_names_it_and_its_version(tmp_path: Path, text: str, secret: str, version: str) -> None:
    found = wanted(tmp_path, f"SECRET_KEY={text}\n").containers[0].env[-1]
    assert found == reference("KEY", secret, version)


def test_an_empty_variable_is_sent_as_an_empty_text(tmp_path: Path) -> None:
    found = wanted(tmp_path, "ENV_EMPTY=\n").containers[0].env[-1]
    assert run_v2.EnvVar.to_dict(found, always_print_fields_with_no_presence=False) == {"name": "EMPTY", "value": ""}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("MIN_INSTANCES=2\n", {"scaling": {"min_instance_count": 2, "max_instance_count": 5}}),
        ("MAX_INSTANCES=9\n", {"scaling": {"max_instance_count": 9}}),
        ("CONCURRENCY=4\n", {"max_instance_request_concurrency": 4}),
        ("REQUEST_TIMEOUT=899500ms\n", {"timeout": timedelta(seconds=900)}),
        (
            "SERVICE_ACCOUNT=new@p.iam.gserviceaccount.com\n",
            {"service_account": "new@p.iam.gserviceaccount.com"},
        ),
    ],
)
def test_each_setting_of_a_revision_is_one_field(tmp_path: Path, text: str, changed: dict[str, Any]) -> None:
    same = expected()
    for field, value in changed.items():
        setattr(same, field, value)
    assert wanted(tmp_path, text) == same


def test_sidecars_keep_all_they_have_but_one_of_the_same_repository_gets_the_image(tmp_path: Path) -> None:
    helper = run_v2.Container(name="helper", image=f"{REPOSITORY}:v1", args=["serve-metrics"])
    found = wanted(tmp_path, "ENV_A=1\nCPU=2\n", template(router(), helper, api()))
    assert found.containers[0] == router()
    assert found.containers[1] == run_v2.Container(
        name="helper", image=f"{REPOSITORY}@{NEW}", args=["serve-metrics"], env=[variable("A", "1")]
    )
    assert found.containers[2].resources.limits["cpu"] == "2"


def test_a_service_of_another_repository_gets_the_image_where_its_requests_go(tmp_path: Path) -> None:
    hello = api(image="us-docker.pkg.dev/cloudrun/container/hello")
    found = wanted(tmp_path, "", template(router(), hello))
    assert [each.image for each in found.containers] == ["fluent/fluent-bit:3", f"{REPOSITORY}@{NEW}"]


def test_containers_of_which_none_is_the_service_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as failure:
        wanted(tmp_path, "", template(router(), run_v2.Container(name="b", image="busybox:1")))
    assert failure.value.message == (
        f"env/prod.env: no container of api has an image of IMAGE={REPOSITORY}, and none has a port, so which one gets "
        "it cannot be told: router (fluent/fluent-bit), b (busybox). Give it an image of that repository first."
    )


def test_what_would_make_cloud_run_build_or_rebase_another_image_goes(tmp_path: Path) -> None:
    built_there = api(base_image_uri="google-22/python312", source_code=run_v2.SourceCode())
    assert wanted(tmp_path, "", template(built_there)) == expected()


def test_a_first_deploy_says_only_what_the_settings_name(tmp_path: Path) -> None:
    found = built.wanted(None, settings(tmp_path, "CPU=500m\nMEMORY=256Mi\nENV_A=1\n"), RELEASE)
    assert found == run_v2.RevisionTemplate(
        annotations=dict(found.annotations),
        containers=[
            run_v2.Container(
                image=f"{REPOSITORY}@{NEW}",
                env=[variable("A", "1")],
                resources=run_v2.ResourceRequirements(
                    limits={"cpu": "500m", "memory": "256Mi"}, cpu_idle=True, startup_cpu_boost=True
                ),
            )
        ],
    )


NAMES = st.text("ABC_xyz0", min_size=1, max_size=4).filter(lambda name: not name[0].isdigit())
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
WORDS = st.text("abc-", min_size=1, max_size=5)
LIVE = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(WORDS, WORDS, max_size=2),
        "service_account": WORDS,
        "encryption_key": WORDS,
        "session_affinity": st.booleans(),
        "health_check_disabled": st.booleans(),
        "max_instance_request_concurrency": st.integers(1, 1000),
        "timeout": st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds)),
        "scaling": st.builds(
            run_v2.RevisionScaling, min_instance_count=st.integers(0, 9), max_instance_count=st.integers(9, 90)
        ),
        "node_selector": st.builds(run_v2.NodeSelector, accelerator=WORDS),
        "service_mesh": st.builds(run_v2.ServiceMesh, mesh=WORDS),
    },
)


@run(max_examples=60, deadline=None)
@given(
    live=LIVE,
    before=st.dictionaries(NAMES, VALUES, max_size=5),
    new=st.dictionaries(NAMES, VALUES, max_size=4),
    secrets=st.dictionaries(NAMES, WORDS.map("s{}".format), max_size=3),
)
def test_whatever_is_there_only_what_the_settings_name_changes(
    live: dict[str, Any], before: dict[str, str], new: dict[str, str], secrets: dict[str, str]
) -> None:
    env = [reference(name, secrets[name]) if name in secrets else variable(name, text) for name, text in before.items()]
    start = template(api(env=env), router(), **live)
    quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in new.items()}
    with TemporaryDirectory() as folder:
        text = "".join(f"ENV_{name}='{value}'\n" for name, value in quoted.items())
        found = wanted(Path(folder), text, start)
        again = wanted(Path(folder), text, found)
    assert again == found
    told = {each.name: each for each in found.containers[0].env}
    assert {name: each.value for name, each in told.items() if name in new} == new
    assert {name: each for name, each in told.items() if name not in new} == {
        each.name: each for each in env if each.name not in new
    }
    undone = run_v2.RevisionTemplate(found)
    undone.containers[0].env, undone.containers[0].image = env, start.containers[0].image
    undone.annotations, undone.revision = dict(start.annotations), start.revision
    assert undone == start
