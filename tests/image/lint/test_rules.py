"""Users, the order of steps, indexes, secrets, and the form of commands."""

from __future__ import annotations

import pytest

from .look import PINNED, found, inside, look


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", [(1, "error", "no-user")]),
        ("USER 1000\n", []),
        ("USER app\n", []),
        ("USER app\nRUN true\nUSER root\n", [(4, "error", "root")]),
        ("USER 0:0\n", [(2, "error", "root")]),
        ("ARG WHO=root\nUSER $WHO\n", [(3, "error", "root")]),
        ("ENV WHO=app\nUSER ${WHO}:${WHO}\n", []),
    ],
)
def test_a_container_that_runs_as_root(lines: str, expected: list[tuple[int, str, str]]) -> None:
    assert found(f"FROM {PINNED}\n{lines}") == expected


def test_a_stage_has_the_user_of_the_one_below_it() -> None:
    assert found(f"FROM {PINNED} AS one\nUSER 1000\nFROM one\nRUN true\n") == []
    assert found(f"FROM {PINNED} AS one\nUSER 1000\nFROM {PINNED}\nRUN true\n") == [(3, "error", "no-user")]


def test_only_the_stage_that_is_built_needs_a_user() -> None:
    text = f"FROM {PINNED} AS production\nUSER 1000\nFROM production AS development\nUSER root\n"
    assert found(text) == [(4, "error", "root")]
    assert found(text, target="production") == []


@pytest.mark.parametrize(
    "install",
    [
        "pip install -r requirements.txt",
        "set -eu; /opt/venv/bin/pip3 install .",
        "python -m pip install -r requirements.txt",
        "--mount=type=cache,target=/root/.cache uv sync --frozen",
        "uv pip install -r requirements.txt",
        "poetry install",
        "apt-get update && npm ci",
        "PIP_NO_CACHE_DIR=1 pip install x",
    ],
)
def test_the_source_before_the_dependencies(install: str) -> None:
    assert inside("COPY . .", f"RUN {install}") == [(2, "source-first")]
    assert inside("COPY requirements.txt .", f"RUN {install}", "COPY . .") == []


def test_a_second_install_may_want_the_source() -> None:
    assert inside("COPY uv.lock .", "RUN uv sync --no-install-project", "COPY . .", "RUN uv sync") == []
    assert inside("COPY --from=0 . .", "RUN pip install x") == []
    assert inside('COPY ["./", "/app/"]', "RUN pip install x") == [(2, "source-first")]
    assert inside("COPY . .", "RUN echo pip install") == []


def test_a_second_index_beside_the_first() -> None:
    assert inside("ENV PIP_EXTRA_INDEX_URL=https://a.example/simple") == [(2, "extra-index")]
    assert inside("RUN pip install \\", "    --extra-index-url https://a.example/cpu torch") == [(3, "extra-index")]
    assert inside("RUN pip install --require-hashes --extra-index-url https://a.example/cpu -r r.txt") == []
    assert inside("RUN pip install --index-url https://a.example/cpu torch") == []


def test_an_index_that_a_build_arg_may_give_is_one_when_it_does() -> None:
    text = f"FROM {PINNED}\nARG PIP_EXTRA_INDEX_URL=\nUSER 1000\n"
    assert found(text) == []
    assert found(text, {"PIP_EXTRA_INDEX_URL": "https://a.example/cpu"}) == [(2, "warning", "extra-index")]


def test_a_second_index_is_none_to_fear_where_a_stage_installs_by_hashes_alone() -> None:
    index, hashed = "ARG PIP_EXTRA_INDEX_URL=https://a.example/cpu", "RUN pip install --require-hashes -r r.txt"
    assert inside(index, hashed) == []
    assert inside(index, hashed, "RUN pip install torch") == [(2, "extra-index")]
    assert inside(index, f"{hashed} && pip install torch") == [(2, "extra-index")]
    assert inside(f"{hashed} && pip install --extra-index-url=https://a.example/cpu torch") == [(2, "extra-index")]
    assert found(f"{index}\nFROM {PINNED}\nUSER 1000\n") == []
    further = f"FROM {PINNED} AS one\n{index}\n{hashed}\nFROM one\nRUN pip install %s\nUSER 1000\n"
    assert found(further % "--require-hashes -r dev.txt") == []
    assert found(further % "torch") == [(2, "warning", "extra-index")]


@pytest.mark.parametrize(
    "line",
    [
        "ENV API_KEY=abc",
        "ENV MODE=fast DB_PASSWORD=$DB_PASSWORD",
        "ENV API_TOKEN abc def",
        "ARG GITHUB_TOKEN",
        "ARG DB_PASSWORD=hunter2",
        "RUN pip install --index-url https://me:hunter2@a.example/simple x",
        f"RUN curl -H 'X: ghp_{'a' * 36}' https://a.example",
    ],
)
def test_a_secret_in_the_history_is_found_and_not_repeated(line: str) -> None:
    assert inside(line) == [(2, "secret")]
    text = look(f"FROM {PINNED}\n{line}\nUSER 1000\n")[0]
    assert "hunter2" not in str(text)
    assert "ghp_" not in str(text)


@pytest.mark.parametrize(
    "line",
    [
        "ENV MAX_TOKENS=512 TOKEN_FILE=/run/secrets/token",
        "ARG VERSION",
        "RUN --mount=type=secret,id=t TOKEN=$(cat /run/secrets/t) curl https://me:${TOKEN}@a.example",
    ],
)
def test_what_is_about_a_secret_is_none(line: str) -> None:
    assert inside(line) == []


@pytest.mark.parametrize(
    "file", [".env", "env/prod.env", "id_rsa", "certs/server.pem", ".npmrc", "service-account-1.json"]
)
def test_a_file_of_secrets_in_a_layer(file: str) -> None:
    assert inside(f"COPY --chown=1000 a.py {file} /app/") == [(2, "secret-file")]
    assert inside(f"COPY --from=0 {file} /app/") == []


def test_an_example_of_a_file_of_secrets_is_none() -> None:
    assert inside("COPY .env.example id_rsa.pub app.py /app/") == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("CMD python app.py", [(2, "shell-form")]),
        ('CMD ["sh", "-c", "alembic upgrade head && gunicorn app"]', [(2, "shell-form")]),
        ('ENTRYPOINT ["/bin/bash", "-lc", "gunicorn app"]', [(2, "shell-form")]),
        ("CMD true", [(2, "shell-form")]),
        ('CMD ["python", "app.py"]', []),
        ("CMD exec gunicorn app", []),
        ('CMD ["sh", "-c", "alembic upgrade head && exec gunicorn app"]', []),
        ("HEALTHCHECK CMD curl localhost", []),
    ],
)
def test_a_command_under_a_shell(command: str, expected: list[tuple[int, str]]) -> None:
    assert inside(command) == expected
