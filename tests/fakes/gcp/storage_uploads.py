"""Uploads to Storage in each of its three ways: simple, multipart and resumable."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .discovery import document
from .errors import Refused, invalid
from .routing import Reply, Request, raw
from .storage_methods import asked

if TYPE_CHECKING:
    from .cloud import Cloud

UPLOAD = r"/?(?:resumable/)?upload/storage/v1/b/(?P<bucket>[^/]+)/o"
SPAN = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
UNIT = 256 * 1024  # bytes: every chunk but the last is a multiple of it
READ_ONLY = ("bucket", "name", "crc32c", "md5Hash")


@dataclass
class Session:
    """A resumable upload: what was said about the object, and what came of it so far."""

    bucket: str
    params: dict[str, Any]
    about: dict[str, Any]
    content: bytes = b""
    done: dict[str, Any] | None = None


@raw("storage", "POST", UPLOAD, "storage.objects.insert")
def insert(cloud: Cloud, request: Request) -> dict[str, Any] | Reply:
    """Begin an upload: it is over at once unless it is a resumable one."""
    params = asked("storage.objects.insert", request)
    cloud.storage.bucket(params["bucket"])
    kind = params.get("uploadType")
    if kind == "media":
        about = {"contentType": request.headers.get("content-type", "application/octet-stream")}
        return stored(cloud, params, about, request.body)
    if kind == "multipart":
        return stored(cloud, params, *parts(request))
    if kind != "resumable":
        raise Refused(400, "wrongUrlForUpload", "Upload requests must include an uploadType URL parameter.")
    about = described(request.body) if request.body else {}
    if kinds := request.headers.get("x-upload-content-type"):
        about.setdefault("contentType", kinds)
    ident = uuid.uuid4().hex
    cloud.storage.sessions[ident] = Session(params["bucket"], params, about)
    where = f"{cloud.storage.url}/upload/storage/v1/b/{params['bucket']}/o?uploadType=resumable&upload_id={ident}"
    return Reply(200, {"Location": where, "X-GUploader-UploadID": ident})


@raw("storage", "PUT", UPLOAD, "storage.objects.insert")
def resume(cloud: Cloud, request: Request) -> dict[str, Any] | Reply:
    """More of a resumable upload, or the question how much of it is there (`bytes */SIZE`, without a body)."""
    session: Session | None = cloud.storage.sessions.get(request.query.get("upload_id", ""))
    if session is None:
        raise Refused(404, "notFound", "No such upload session")
    if session.done is not None:
        return session.done
    span = SPAN.fullmatch(request.headers.get("content-range", f"bytes 0-{len(request.body) - 1}/{len(request.body)}"))
    if span is None:
        raise invalid("Failed to parse Content-Range header.")
    if span[1]:
        first, last = int(span[1]), int(span[2])
        if first > len(session.content):
            raise Refused(503, "backendError", "The uploaded bytes leave a gap.")
        if last - first + 1 != len(request.body):
            raise invalid(f"Content-Range says {last - first + 1} bytes, the body has {len(request.body)}.")
        if span[3] == "*" and len(request.body) % UNIT:
            raise invalid(f"A chunk that is not the last must be a multiple of {UNIT} bytes.")
        session.content = session.content[:first] + request.body
    if span[3] != "*" and len(session.content) == int(span[3]):
        about = {**session.about, **hashes(request.headers.get("x-goog-hash", ""))}
        session.done = stored(cloud, session.params, about, session.content)
        return session.done
    return Reply(308, {"Range": f"bytes=0-{len(session.content) - 1}"} if session.content else {})


@raw("storage", "DELETE", UPLOAD, "storage.objects.insert")
def cancel(cloud: Cloud, request: Request) -> Reply:
    """Give a resumable upload up."""
    cloud.storage.sessions.pop(request.query.get("upload_id", ""), None)
    return Reply(499)


def stored(cloud: Cloud, params: dict[str, Any], about: dict[str, Any], content: bytes) -> dict[str, Any]:
    name = params.get("name") or about.get("name", "")
    if not name:
        raise Refused(400, "required", "Required parameter: name")
    more = {key: value for key, value in about.items() if key not in ("name", "bucket")}
    found: dict[str, Any] = cloud.storage.put(params["bucket"], name, content, params, **more).document(
        cloud.storage.url
    )
    return found


def parts(request: Request) -> tuple[dict[str, Any], bytes]:
    """The description and the bytes of a multipart/related body."""
    boundary = re.search(r'boundary="?([^";]+)"?', request.headers.get("content-type", ""))
    if boundary is None or not request.headers["content-type"].startswith("multipart/related"):
        raise Refused(400, "badContent", "Missing boundary in a multipart/related body.")
    pieces = request.body.split(b"--" + boundary[1].encode())
    if len(pieces) != 4 or not pieces[3].startswith(b"--"):
        raise Refused(400, "badContent", f"Expected two parts, found {len(pieces) - 2}.")
    _, described_, (heads, _, content) = "", pieces[1].partition(b"\r\n\r\n")[2], pieces[2].partition(b"\r\n\r\n")
    about = described(described_)
    kind = re.search(rb"(?i)content-type:\s*([^\r\n]+)", heads)
    if kind:
        about.setdefault("contentType", kind[1].decode())
    return about, content.removesuffix(b"\r\n")


def described(text: bytes) -> dict[str, Any]:
    """What an uploader says about an object. Raises Refused for what the document does not allow."""
    try:
        given = json.loads(text)
    except ValueError:
        raise Refused(400, "parseError", "Parse Error") from None
    return document("storage").methods["storage.objects.insert"].body(given)


def hashes(header: str) -> dict[str, str]:
    """The checksums of an X-Goog-Hash header: `crc32c=…,md5=…`."""
    found = dict(each.strip().split("=", 1) for each in header.split(",") if "=" in each)
    names = {"crc32c": "crc32c", "md5": "md5Hash"}
    return {names[name]: value for name, value in found.items() if name in names}
