"""The methods of Storage that take and give documents, and downloads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .discovery import document
from .errors import Refused, invalid
from .routing import Reply, Request, raw, route
from .storage import Bucket, Object, Storage

if TYPE_CHECKING:
    from .cloud import Cloud

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@route("storage", "storage.buckets.get")
def get_bucket(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    found: Bucket = cloud.storage.bucket(params["bucket"])
    return found.document(cloud.storage.url)


@route("storage", "storage.buckets.insert")
def insert_bucket(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if params.get("project") != cloud.project:
        raise Refused(403, "forbidden", "The caller does not have storage.buckets.create access to the project.")
    if "name" not in body:
        raise Refused(400, "required", "Required parameter: name")
    name = body.pop("name")
    made: Bucket = cloud.storage.create(name, **body)
    return made.document(cloud.storage.url)


@route("storage", "storage.buckets.list")
def list_buckets(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if params.get("project") != cloud.project:
        raise Refused(403, "forbidden", "The caller does not have storage.buckets.list access to the project.")
    found = [name for name in sorted(cloud.storage.buckets) if name.startswith(params.get("prefix", ""))]
    items = [cloud.storage.buckets[name].document(cloud.storage.url) for name in found]
    return {"kind": "storage#buckets", **({"items": items} if items else {})}


@route("storage", "storage.buckets.delete")
def delete_bucket(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> Reply:
    if cloud.storage.bucket(params["bucket"]).objects:
        raise Refused(409, "conflict", "The bucket you tried to delete is not empty.")
    del cloud.storage.buckets[params["bucket"]]
    return Reply(204)


@route("storage", "storage.objects.get")
def get_object(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any] | Reply:
    found = cloud.storage.object(params["bucket"], params["object"], int(params.get("generation", 0)))
    cloud.storage.check(found, params)
    return content(found, "") if params.get("alt") == "media" else found.document(cloud.storage.url)


@route("storage", "storage.objects.list")
def list_objects(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """In pages of maxResults; with a delimiter, what lies deeper only as a prefix."""
    prefix, delimiter = params.get("prefix", ""), params.get("delimiter", "")
    if int(params.get("maxResults", 1000)) < 1:
        raise invalid("Invalid value for maxResults")
    items, deeper = [], []
    for name, each in sorted(cloud.storage.bucket(params["bucket"]).objects.items()):
        if not name.startswith(prefix) or name <= params.get("pageToken", ""):
            continue
        above, cut, _rest = name.removeprefix(prefix).partition(delimiter) if delimiter else ("", "", "")
        if cut:
            deeper.append(prefix + above + cut)
        else:
            items.append(each)
    most = min(int(params.get("maxResults", 1000)), 1000)
    more = {"nextPageToken": items[most - 1].name} if len(items) > most else {}
    return {
        "kind": "storage#objects",
        **({"items": [each.document(cloud.storage.url) for each in items[:most]]} if items else {}),
        **({"prefixes": list(dict.fromkeys(deeper))} if deeper else {}),
        **more,
    }


@route("storage", "storage.objects.delete")
def delete_object(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> Reply:
    cloud.storage.delete(params["bucket"], params["object"], params)
    return Reply(204)


@raw("storage", "GET", r"/?download/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<object>[^/]+)", "storage.objects.get")
def download(cloud: Cloud, request: Request) -> Reply:
    """An object's bytes, or a range of them. The range's end is past the object's at most."""
    storage: Storage = cloud.storage
    params = asked("storage.objects.get", request)
    if params.get("alt") != "media":
        raise invalid("A download takes alt=media.")
    found = storage.object(params["bucket"], params["object"], int(params.get("generation", 0)))
    storage.check(found, params)
    return content(found, request.headers.get("range", ""))


def asked(method: str, request: Request) -> dict[str, Any]:
    """The parameters of a request on an upload's or a download's path, as the document of its method allows them."""
    known = document("storage")
    path = "storage/v1/b/" + request.path.partition("/storage/v1/b/")[2]
    found = known.methods[method].path.fullmatch(path)
    if found is None:
        raise Refused(404, "notFound", f"Not Found: {unquote(request.path)}")
    query = [(name, value) for name, value in request.query.items() if name != "upload_id"]
    return known.methods[method].asked(found, query, known.common)


def content(found: Object, wanted: str) -> Reply:
    """An object as it is downloaded; of a range, 206, or 416 where it begins past the end."""
    headers = {
        "Content-Type": found.more.get("contentType", "application/octet-stream"),
        "X-Goog-Hash": f"crc32c={found.crc32c},md5={found.md5}",
        "X-Goog-Generation": str(found.generation),
        "X-Goog-Metageneration": str(found.metageneration),
        "X-Goog-Storage-Class": "STANDARD",
        "X-Goog-Stored-Content-Length": str(len(found.content)),
        "X-Goog-Stored-Content-Encoding": "identity",
        "Accept-Ranges": "bytes",
    }
    size, given = len(found.content), RANGE.fullmatch(wanted)
    if given is None or not (given[1] or given[2]):
        return Reply(200, headers, found.content)
    first = int(given[1]) if given[1] else max(0, size - int(given[2]))
    last = min(int(given[2]), size - 1) if given[1] and given[2] else size - 1
    if first >= size:
        return Reply(416, {"Content-Range": f"bytes */{size}"}, b"The requested range cannot be satisfied.")
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Reply(206, headers, found.content[first : last + 1])
