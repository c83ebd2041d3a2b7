"""What `env.show`, `env.diff` and `env.lint` say, in prose and in JSON."""

from __future__ import annotations

from .conftest import Dockyard, Project

COMMON = "SERVICE=api\nENV_MODE=base\nENV_API_KEY=hunter2\n"
STAGING = "TARGET=docker\nIMAGE=127.0.0.1:5000/api\nMEMORY=1Gi\nENV_FILE=vars\nSECRET_DB=env:DB\n"
PROD = "TARGET=docker\nIMAGE=127.0.0.1:5000/api\nMEMORY=2Gi\nENV_API_KEY=hunter3\nENV_MULTI='a\nb'\nPROTECTED=true\n"


def test_show_names_the_line_of_every_value(project: Project, dockyard: Dockyard) -> None:
    root = project(common=COMMON, staging=STAGING)
    (root / "vars").write_text("# Docker's\nREGION=eu\nMODE=under\nDB_PASSWORD=hunter2\nFILE=x\n")
    result = dockyard("env.show --env=staging", root)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "SERVICE=api               env/common.env:1",
        "TARGET=docker             env/staging.env:1",
        "IMAGE=127.0.0.1:5000/api  env/staging.env:2",
        "MEMORY=1Gi                env/staging.env:3",
        "ENV_FILE=vars             env/staging.env:4",
        "SECRET_DB=env:DB          env/staging.env:5",
        "ENV_REGION=eu             vars:2",
        "ENV_MODE=base             env/common.env:2",
        "ENV_DB_PASSWORD=********  vars:4",
        "ENV_FILE=x                vars:5",
        "ENV_API_KEY=********      env/common.env:3",
    ]


def test_show_is_the_default_and_speaks_json(project: Project, dockyard: Dockyard) -> None:
    root = project(common=COMMON + "DEFAULT_ENV=prod\n", prod=PROD)
    document = dockyard("env --json", root).document
    assert document["env"] == "prod"
    assert {"key": "MEMORY", "value": "2Gi", "file": "env/prod.env", "line": 3} in document["settings"]
    assert {"key": "PROTECTED", "value": "true", "file": "env/prod.env", "line": 7} in document["settings"]
    assert document["variables"] == [
        {"key": "MODE", "value": "base", "file": "env/common.env", "line": 2},
        {"key": "API_KEY", "value": "********", "file": "env/prod.env", "line": 4},
        {"key": "MULTI", "value": "a\nb", "file": "env/prod.env", "line": 5},
    ]


def test_show_of_a_wrong_environment_says_what_is_wrong(project: Project, dockyard: Dockyard) -> None:
    result = dockyard("env.show --env=prod", project(common=COMMON, prod=PROD + "PORT=x\n"))
    assert (result.code, result.out) == (1, "")
    assert result.err == "env/prod.env:8: PORT='x' is out of range: write a whole number from 1 to 65535.\n"


def test_diff_tells_what_differs_and_shows_no_secret(project: Project, dockyard: Dockyard) -> None:
    root = project(common=COMMON, staging=STAGING, prod=PROD)
    (root / "vars").write_text("REGION=eu\n")
    result = dockyard("env.diff --from=staging --to=prod", root)
    assert result.code == 0
    assert result.out.splitlines() == [
        "ENV_API_KEY: staging ********, prod ******** (a secret; they differ)",
        "ENV_FILE: staging vars, prod (not set)",
        "ENV_MULTI: staging (not set), prod 'a\\nb'",
        "ENV_REGION: staging eu, prod (not set)",
        "MEMORY: staging 1Gi, prod 2Gi",
        "PROTECTED: staging (not set), prod true",
        "SECRET_DB: staging env:DB, prod (not set)",
    ]
    document = dockyard("env.diff --from=staging --to=prod --json", root).document
    assert (document["from"], document["to"]) == ("staging", "prod")
    assert document["differences"][0] == {"key": "ENV_API_KEY", "from": "********", "to": "********"}
    assert document["differences"][2] == {"key": "ENV_MULTI", "from": None, "to": "a\nb"}
    assert "hunter" not in str(document)


def test_diff_of_an_environment_with_itself_says_so(project: Project, dockyard: Dockyard) -> None:
    root = project(common=COMMON, prod=PROD)
    assert dockyard("env.diff --env=prod --to=prod", root).out == "prod and prod say the same.\n"


def test_diff_wants_two_environments(project: Project, dockyard: Dockyard) -> None:
    root = project(common=COMMON, prod=PROD)
    result = dockyard("env.diff --from=prod", root)
    assert (result.code, result.err) == (1, "Say what to compare: inv env.diff --from=staging --to=prod.\n")
    result = dockyard("env.diff --from=prod --to=pord", root)
    assert (result.code, result.err) == (1, "Unknown environment 'pord': did you mean --env=prod?\n")


def test_lint_checks_every_environment(project: Project, dockyard: Dockyard) -> None:
    root = project(common=COMMON + "FOO=1\n", local="TARGET=docker\nIMAGE=api\n", prod=PROD + "MEMROY=1\n")
    result = dockyard("env.lint", root)
    assert result.code == 1
    assert result.out == "local: 1 to mend\nprod: 2 to mend\n"
    assert result.err.splitlines() == [
        "env/common.env:4: FOO is unknown; a variable of the container is written ENV_FOO.",
        "env/prod.env:8: MEMROY is unknown; did you mean MEMORY?",
    ]
    document = dockyard("env.lint --json", root).document
    assert document["exit"] == 1
    assert [(each["env"], each["ok"], len(each["errors"])) for each in document["environments"]] == [
        ("local", False, 1),
        ("prod", False, 2),
    ]


def test_lint_is_content_with_what_is_right(project: Project, dockyard: Dockyard) -> None:
    root = project(common=COMMON, prod=PROD)
    assert (dockyard("env.lint", root).code, dockyard("env.lint", root).out) == (0, "prod: ok\n")
    assert dockyard("env.lint --json", root).document["environments"] == [{"env": "prod", "ok": True, "errors": []}]


def test_lint_of_nothing_says_what_to_write(project: Project, dockyard: Dockyard) -> None:
    root = project()
    assert dockyard("env.lint", root).err == f"{root / 'env'} has no environment; write one: env/local.env.\n"
