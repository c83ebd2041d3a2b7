"""Google's token endpoint: access tokens and ID tokens for a service account's key or a person's login."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .routing import Reply, Request, part, raw

if TYPE_CHECKING:
    from .cloud import Cloud

JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT = "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"  # that of a gcloud login
GOOGLE = "https://oauth2.googleapis.com/token"  # for whom Google's library signs, wherever it asks
ROBOT = "robot@test-project.iam.gserviceaccount.com"


@dataclass(frozen=True)
class Issued:
    """A token that was given out: to whom, until when (seconds since 1970), and for which audience if it is an ID."""

    account: str
    until: float
    audience: str = ""


@part("tokens")
class Tokens:
    """The accounts, and the tokens that they have been given. `seconds` is a token's life."""

    SCOPE = "https://www.googleapis.com/auth/cloud-platform"

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.seconds = 3600.0
        self.issued: dict[str, Issued] = {}
        self.accounts: dict[str, str] = {}  # of a refresh token or a service account's address: the account
        self.asked: list[dict[str, str]] = []

    @property
    def endpoint(self) -> str:
        """Where tokens are asked for."""
        return f"{self.cloud.at('tokens', 'rest')}/token"

    def key_file(self, folder: Path, email: str = ROBOT) -> Path:
        """Write a service account's key, for GOOGLE_APPLICATION_CREDENTIALS."""
        self.accounts[email] = email
        private = key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        document = {
            "type": "service_account",
            "project_id": self.cloud.project,
            "private_key_id": "key-1",
            "private_key": private.decode(),
            "client_email": email,
            "client_id": "1",
            "token_uri": self.endpoint,
        }
        return written(folder / f"{email.partition('@')[0]}.json", document)

    def user_file(self, folder: Path, email: str = "ann@example.com") -> Path:
        """Write what `gcloud auth application-default login` writes: Google's library asks Google for its tokens."""
        self.accounts[f"refresh {email}"] = email
        document = {
            "type": "authorized_user",
            "account": "",
            "client_id": CLIENT,
            "client_secret": "not-a-secret",
            "refresh_token": f"refresh {email}",
            "universe_domain": "googleapis.com",
        }
        return written(folder / "application_default_credentials.json", document)

    def revoke(self, account: str) -> None:
        """Take an account away, with all that was issued to it."""
        self.accounts = {key: value for key, value in self.accounts.items() if value != account}
        self.issued = {token: each for token, each in self.issued.items() if each.account != account}

    def knows(self, token: str) -> bool:
        """Whether it is an access token that is valid."""
        return self._valid(token, "")

    def valid_for(self, token: str, audience: str) -> bool:
        """Whether it is an ID token for this audience, or a person's, and valid."""
        return self._valid(token, audience.rstrip("/")) or self._valid(token, CLIENT)

    def _valid(self, token: str, audience: str) -> bool:
        found = self.issued.get(token)
        return bool(found and found.audience.rstrip("/") == audience and self.cloud.now() < found.until)

    def access(self, account: str) -> str:
        """Give out an access token."""
        token = f"ya29.{uuid.uuid4().hex}"
        self.issued[token] = Issued(account, self.cloud.now() + self.seconds)
        return token

    def identity(self, account: str, audience: str) -> str:
        """Give out an ID token."""
        now = time.time()
        claims = {
            "iss": "https://accounts.google.com",
            "aud": audience,
            "azp": account,
            "email": account,
            "email_verified": True,
            "sub": "1",
            "iat": int(now),
            "exp": int(now + self.seconds),
            "jti": uuid.uuid4().hex,
        }
        head = f"{encoded({'alg': 'RS256', 'kid': 'google-1', 'typ': 'JWT'})}.{encoded(claims)}"
        signed = key().sign(head.encode(), padding.PKCS1v15(), hashes.SHA256())
        token = f"{head}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"
        self.issued[token] = Issued(account, self.cloud.now() + self.seconds, audience)
        return token


@raw("tokens", "POST", "/token", "tokens.token")
def token(cloud: Cloud, request: Request) -> Reply:
    """A token for an assertion of a service account, or for a refresh token."""
    form = dict(parse_qsl(request.body.decode()))
    tokens: Tokens = cloud.tokens
    if form.get("grant_type") == "refresh_token":
        tokens.asked.append({"grant": "refresh_token"})
        account = tokens.accounts.get(form.get("refresh_token", ""), "")
        if not account or form.get("client_id") != CLIENT:
            return refused("invalid_grant", "Token has been expired or revoked.")
        return given(tokens, account, id_token=tokens.identity(account, CLIENT))
    if form.get("grant_type") != JWT:
        return refused("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
    claims = verified(form.get("assertion", ""))
    tokens.asked.append(
        {"grant": "jwt", **{name: claims[name] for name in ("scope", "target_audience") if name in claims}}
    )
    account = tokens.accounts.get(str(claims.get("iss", "")), "")
    if not account:
        return refused("invalid_grant", "Invalid grant: account not found")
    if claims.get("aud") != GOOGLE or not claims.get("iat", 0) - 60 <= time.time() < claims.get("exp", 0):
        return refused("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in time.")
    if "target_audience" in claims:
        return answered({"id_token": tokens.identity(account, claims["target_audience"])})
    if not claims.get("scope"):
        return refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return given(tokens, account)


def given(tokens: Tokens, account: str, **more: str) -> Reply:
    """An access token."""
    said = {"access_token": tokens.access(account), "expires_in": int(tokens.seconds), "token_type": "Bearer"}
    return answered({**said, **more})


def answered(document: dict[str, Any], status: int = 200) -> Reply:
    """A document."""
    return Reply(status, {}, json.dumps(document).encode())


def refused(error: str, description: str) -> Reply:
    """What OAuth says of an error."""
    return answered({"error": error, "error_description": description}, 400)


def verified(assertion: str) -> dict[str, Any]:
    """The claims of a JWT that the key of a service account signed; none of any other."""
    try:
        head, body, signature = assertion.split(".")
        key().public_key().verify(decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
        claims: dict[str, Any] = json.loads(decoded(body))
    except (ValueError, InvalidSignature):
        return {}
    return claims


def encoded(document: dict[str, Any]) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of a part of a JWT."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def key() -> rsa.RSAPrivateKey:
    """The key that everybody has here: making one takes a tenth of a second and more."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def written(path: Path, document: dict[str, Any]) -> Path:
    """A file of credentials, for its owner alone."""
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path


from . import metadata  # noqa: E402, F401 - it registers what answers
