"""Secrets: where they come from, how they are recognised, and how they are kept out of sight."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ..errors import SettingError

REDACTED = "********"

ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
FILE = re.compile(r"file:(.+)")
ELSEWHERE = re.compile(r"arn:aws[a-z-]*:(?:secretsmanager|ssm):.+|projects/[^/]+/secrets/.+")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[A-Z0-9]+")
_SECRET_WORDS = {"SECRET", "SECRETS", "TOKEN", "CREDENTIAL", "CREDENTIALS", "DSN", "PASSPHRASE", "AUTHORIZATION"}
_SECRET_ENDINGS = ("PASSWORD", "PASSWORDS", "PASSWD", "SECRET", "TOKEN", "APIKEY", "PRIVATEKEY", "SECRETKEY")
_SECRET_KEYS = {
    "API",
    "PRIVATE",
    "SECRET",
    "ACCESS",
    "ENCRYPTION",
    "SIGNING",
    "MASTER",
    "AUTH",
    "ACCOUNT",
    "SSH",
}  # ..._KEY
# A last word that makes of PASSWORD_MIN_LENGTH or TOKEN_URL something about a secret, not a secret.
_ABOUT = re.compile(
    r"LENGTH|TTL|EXPIR(?:Y|ES?|ATION)|LIFETIME|TIMEOUT|SECONDS|MINUTES|HOURS|DAYS|MIN|MAX|LIMIT|COUNT|SIZE|UR[LI]|ENDPOINT"
    r"|HOST|FILE|PATH|DIR|NAME|ID|TYPE|ALGORITHM|HEADER|ISSUER|AUDIENCE|SCOPES?|PREFIX|VERSION|REGION|ARN|ENABLED"
    r"|DISABLED|REQUIRED|POLICY|LOGIN|STORE|BACKEND|PROVIDER|ROTATION"
)
_SWITCH = re.compile(r"(?i:true|false|yes|no|on|off|none|null)")
_CREDENTIALS_FILE = re.compile(r"/[\w./-]+")  # as in GOOGLE_APPLICATION_CREDENTIALS
_VALUES = re.compile(
    r"""
      -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY
    | "private_key"\s*:
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
    | \bgh[oprsu]_[A-Za-z0-9]{20,} | \bgithub_pat_\w{20,} | \bglpat-[\w-]{16,}
    | \bsk-(?=[\w-]*[0-9])[\w-]{20,} | \b[rs]k_(?:live|test)_[A-Za-z0-9]{8,} | \bxox[abeoprs]-[A-Za-z0-9-]{10,}
    | \bAIza[\w-]{35} | \bya29\.[\w-]{10,} | \bhf_[A-Za-z0-9]{20,} | \bnpm_[A-Za-z0-9]{20,} | \bpypi-[\w-]{20,}
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                                             # a JSON web token
    | [A-Za-z][A-Za-z0-9+.-]*://[^/?\#\s@]*:[^/?\#\s]+@                             # a URL with a password
    | (?i:[?&;](?:password|passwd|pwd|token|secret|api_?key|access_?token|accountkey)=)[^&;\s]
    | ^(?i:Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{16,}$
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, repr=False)
class Secret:
    """A text that is not printed by accident: its repr is redacted."""

    _text: str

    def __repr__(self) -> str:
        return f"Secret({REDACTED!r})"

    def get_secret_value(self) -> str:
        """The text itself, for the one who sends it."""
        return self._text


def is_reference(value: str) -> bool:
    """Whether a whole value is a reference that this machine can resolve: `env:NAME` or `file:PATH`."""
    return bool(ENV.fullmatch(value) or FILE.fullmatch(value))


def resolve(reference: str, root: Path) -> Secret:
    """What a reference stands for: `env:NAME` of the process environment, `file:PATH` relative to the project.

    One line end at the end of a file is not part of the secret. Raises SettingError for one that is absent,
    unreadable, not UTF-8, or of another form.
    """
    if named := ENV.fullmatch(reference):
        if named[1] not in os.environ:
            raise SettingError(f"{reference} names a variable that is not set; type export {named[1]}=... first.")
        return Secret(text(os.environb[named[1].encode()], reference))
    if not (held := FILE.fullmatch(reference)):
        raise SettingError("A secret reference that is neither env:NAME nor file:PATH cannot be read on this machine.")
    try:
        data = (root / held[1]).read_bytes()
    except OSError as error:
        raise SettingError(f"{reference} cannot be read: {error.strerror or error}; make that file.") from None
    return Secret(text(data.removesuffix(b"\r\n" if data.endswith(b"\r\n") else b"\n"), reference))


def text(data: bytes, reference: str) -> str:
    """A secret's text. Raises SettingError for what no environment variable can hold."""
    try:
        value = data.decode("utf-8")
    except UnicodeDecodeError:
        raise SettingError(f"{reference} holds bytes that are not UTF-8; encode them, as base64 say.") from None
    if "\0" in value:
        raise SettingError(f"{reference} holds a NUL character, which no environment variable can; encode it.")
    return value


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable seems to hold a secret, by its name's words or the form of its value.

    References, empty values and switches are none; nor are MAX_TOKENS, TOKENIZERS_PARALLELISM, KEY alone,
    or what only speaks about a secret (PASSWORD_MIN_LENGTH).
    """
    if not value or is_reference(value) or ELSEWHERE.fullmatch(value):
        return False
    if looks_secret_value(value):
        return True
    harmless = _SWITCH.fullmatch(value) or (name.upper().endswith("CREDENTIALS") and _CREDENTIALS_FILE.fullmatch(value))
    return names_secret(name) and not harmless


def looks_secret_value(value: str) -> bool:
    """Whether a value has the form of a secret: a key, a token, a URL with a password."""
    return bool(_VALUES.search(value))


def names_secret(name: str) -> bool:
    """Whether a variable's name says that it holds a secret."""
    words = _WORD.findall(_CAMEL.sub("_", name).upper())
    if not words or _ABOUT.fullmatch(words[-1]):
        return False
    keys = {first for first, second in pairwise(words) if second in ("KEY", "KEYS")}
    return (
        any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words)
        or bool(keys & _SECRET_KEYS)
        or (words[-1] == "PWD" and len(words) > 1)
    )


def redact(name: str, value: str) -> str:
    """The value as it may be shown."""
    return REDACTED if looks_secret(name, value) else value
