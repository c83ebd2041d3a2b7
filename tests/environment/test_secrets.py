"""Secrets are resolved where they are, recognised, and not shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.environment import references, secrets
from tasks.environment.redaction import shown
from tasks.errors import SettingError

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
ARN = "arn:aws:secretsmanager:eu-north-1:180703226577:secret:babyshield/db-AbCdEf"


def test_a_variable_of_the_process_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKYARD_TEST_SECRET", " häsh\nword ")
    secret = secrets.resolve("env:DOCKYARD_TEST_SECRET", tmp_path)
    assert secret.get_secret_value() == " häsh\nword "
    assert "word" not in f"{secret} {secret!r}"


@pytest.mark.parametrize(
    ("data", "value"), [(b"s3\n", "s3"), (b"s3\r\n", "s3"), (b"s3\n\n", "s3\n"), (b"s3\r", "s3\r"), (b" s3 ", " s3 ")]
)
def test_a_file_is_resolved_without_its_last_line_end(tmp_path: Path, data: bytes, value: str) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "sécret").write_bytes(data)
    assert secrets.resolve("file:a b/sécret", tmp_path).get_secret_value() == value
    assert secrets.resolve(f"file:{tmp_path}/a b/sécret", Path("/elsewhere")).get_secret_value() == value


def test_what_cannot_be_resolved_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABSENT", raising=False)
    monkeypatch.setitem(os.environ, "BYTES", "\udcff")
    (tmp_path / "nul").write_bytes(b"a\0b")
    for reference, message in (
        ("env:ABSENT", "env:ABSENT names a variable that is not set; type export ABSENT=... first."),
        ("env:BYTES", "env:BYTES holds bytes that are not UTF-8; encode them, as base64 say."),
        ("file:absent", "file:absent cannot be read: No such file or directory; make that file."),
        ("file:nul", "file:nul holds a NUL character, which no environment variable can; encode it."),
        ("hunter2", "A secret reference that is neither env:NAME nor file:PATH cannot be read on this machine."),
    ):
        with pytest.raises(SettingError) as failure:
            secrets.resolve(reference, tmp_path)
        assert failure.value.message == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "x"), ("PGPASSWORD", "x"), ("dbPassword", "x"), ("MYSQL_PWD", "x"), ("API_KEY", "abc"),
        ("OPENAI_API_KEYS", "abc"), ("AUTH0_CLIENT_SECRET", "x"), ("AUTH0_SECRET_KEY", "x"), ("SECRET_KEY_BASE", "x"),
        ("SENTRY_DSN", "https://k@host/1"), ("TOKEN", "5"), ("PRIVATE_KEY", "x"), ("APP_CREDENTIALS", "abc"),
        ("AWS_SECRET_ACCESS_KEY", "x"), ("X", "postgresql://user:pass@host/db"), ("X", "redis://:pass@host:6379/0"),
        ("X", "AKIAIOSFODNN7EXAMPLE"), ("X", "-----BEGIN RSA PRIVATE KEY-----\nMII"), ("X", f"ghp_{'a' * 36}"),
        ("X", "sk-proj-abc123abc123abc123"), ("X", JWT), ("X", "Bearer abcdefghijklmnop1234"),
        ("X", "jdbc:postgresql://host/db?password=abc"),
    ],
)  # fmt: skip
def test_a_secret_is_recognised_and_redacted(name: str, value: str) -> None:
    assert secrets.looks_secret(name, value)
    assert secrets.redact(name, value) == "********"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "false"), ("MAX_TOKENS", "4096"), ("KEY", "a"), ("PUBLIC_KEY", "x"),
        ("CACHE_KEY", "x"), ("MONKEY", "x"), ("PWD", "/app"), ("SECRETARY", "x"), ("API_KEY", ""),
        ("API_KEY", "env:API_KEY"), ("DB_PASSWORD", "file:/run/secrets/db"), ("DB_PASSWORD", ARN),
        ("DB_PASSWORD_FILE", "/run/secrets/db"), ("PASSWORD_MIN_LENGTH", "8"), ("TOKEN_URL", "https://host/token"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30"), ("GOOGLE_APPLICATION_CREDENTIALS", "/var/key.json"),
        ("DISABLE_PASSWORD_LOGIN", "true"), ("USE_TOKEN", "false"), ("X", "http://host:8080/a@b"),
        ("X", "https://user@host/"), ("X", "task-runner-for-something-2"), ("X", "mailto:a@b.c"),
        ("STORAGE_BUCKET", "perkieprints-processing-cache"), ("SQLALCHEMY_DB_HOST", "/cloudsql/p:r:i"),
    ],
)  # fmt: skip
def test_what_only_resembles_a_secret_is_shown(name: str, value: str) -> None:
    assert not secrets.looks_secret(name, value)
    assert secrets.redact(name, value) == value


@pytest.mark.parametrize(
    ("reference", "readers"),
    [
        ("env:DB_URL", {"docker", "buildkit"}),
        ("file:secrets/db url", {"docker", "buildkit"}),
        ("db-url", {"cloudrun", "cloudbuild"}),
        ("db-url:3", {"cloudrun", "cloudbuild"}),
        ("projects/rec2pdf/secrets/db/versions/latest", {"cloudrun", "cloudbuild"}),
        (ARN, {"ecs"}),
        (f"{ARN}:password::", {"ecs"}),
        ("arn:aws:ssm:us-east-1:180703226577:parameter/prod/db", {"ecs"}),
        ("env:", set()),
        ("env:A B", set()),
        ("correct horse", set()),
        ("pa$$word!", set()),
        ("AKIAIOSFODNN7EXAMPLE", set()),
        ("sk_live_abcdefgh", set()),
        ("0123456789abcdef0123456789abcdef", set()),
        ("dGhpc0lzQVNlY3JldDEyMzQ1", set()),
        ("postgresql://user:pass@host/db", set()),
    ],
)
def test_each_platform_reads_its_own_references(reference: str, readers: set[str]) -> None:
    assert {reader for reader in references.READS if references.readable(reference, reader)} == readers


@pytest.mark.parametrize(
    ("key", "value", "as_shown"),
    [
        ("MEMORY", "32Gi", "32Gi"),
        ("PROCESS_TOKEN_CLEANER", "python clean.py", "python clean.py"),
        ("URL", "http://user:pass@host", "********"),
        ("SECRET_DB", "env:DB", "env:DB"),
        ("SECRET_DB", "correct horse", "********"),
        ("FIXED_SECRET_DB", "correct horse", "********"),
        ("ENV_DB_PASSWORD", "x", "********"),
        ("FIXED_ENV_DB_PASSWORD", "x", "********"),
        ("BUILD_ARG_NPM_TOKEN", "x", "********"),
        ("CHECK_A_HEADERS", '{"Authorization": "Basic x"}', "********"),
        ("CHECK_A_HEADERS", '{"Cookie": "id=1"}', "********"),
        ("CHECK_A_HEADERS", '{"Authorization": "env:AUTH"}', '{"Authorization": "env:AUTH"}'),
        ("CHECK_A_BODY", '{"user": [{"password": "x"}]}', "********"),
        ("CHECK_A_BODY", '{"product":"pacifier","limit":5}', '{"product":"pacifier","limit":5}'),
        ("CHECK_A_BODY", "not JSON", "not JSON"),
    ],
)
def test_a_setting_is_shown_without_its_secrets(key: str, value: str, as_shown: str) -> None:
    assert shown(key, value) == as_shown
