"""The headers that describe an object, in answers and in uploads."""

from email.utils import formatdate
from urllib.parse import quote

from starlette.requests import Request

from tests.rigs.gcp.objects import StoredObject, encoded

HEADERS = {
    "cacheControl": "cache-control",
    "contentDisposition": "content-disposition",
    "contentEncoding": "content-encoding",
    "contentLanguage": "content-language",
}
"""The fields of an object that are headers of their own."""

HASHES = {"md5": "md5Hash", "crc32c": "crc32c"}


def object_headers(found: StoredObject) -> dict[str, str]:
    """Return the headers by which both APIs describe an object."""
    hashes = [f"crc32c={found.crc32c}"]
    if found.md5:
        hashes.append(f"md5={encoded(found.md5)}")
    named = {
        "content-type": found.content_type,
        "last-modified": formatdate(found.updated, usegmt=True),
        "x-goog-generation": str(found.generation),
        "x-goog-metageneration": str(found.metageneration),
        "x-goog-hash": ",".join(hashes),
        "x-goog-storage-class": found.storage_class,
        "x-goog-stored-content-length": str(len(found.data)),
        "x-goog-stored-content-encoding": found.fields.get("contentEncoding") or "identity",
    }
    for field, header in HEADERS.items():
        if value := found.fields.get(field):
            named[header] = str(value)
    for key, text in found.fields.get("metadata", {}).items():
        named[f"x-goog-meta-{key}"] = text if text.isascii() else quote(text)
    return named


def written_headers(made: StoredObject) -> dict[str, str]:
    """Return the headers by which the XML API tells what a request has written."""
    told = object_headers(made)
    names = ("last-modified", *(name for name in told if name.startswith("x-goog-")))
    return {"etag": made.etag, **{name: told[name] for name in names if "meta-" not in name}}


def fields_of(request: Request) -> dict[str, object]:
    """Return what a request's headers say of the object that it writes."""
    headers = request.headers
    named = {field: headers[header] for field, header in HEADERS.items() if header in headers}
    prefix = "x-goog-meta-"
    metadata = {k.removeprefix(prefix): v for k, v in headers.items() if k.startswith(prefix)}
    found: dict[str, object] = {"contentType": headers.get("content-type"), **named}
    if metadata:
        found["metadata"] = metadata
    if "x-goog-storage-class" in headers:
        found["storageClass"] = headers["x-goog-storage-class"]
    if "x-goog-encryption-kms-key-name" in headers:
        found["kmsKeyName"] = headers["x-goog-encryption-kms-key-name"]
    return found


def hashes_in(request: Request) -> dict[str, str]:
    """Return the checksums that came in headers, as fields of the resource."""
    found = {}
    for value in request.headers.getlist("x-goog-hash"):
        for one in value.split(","):
            kind, _, digest = one.strip().partition("=")
            if kind in HASHES:
                found[HASHES[kind]] = digest
    if md5 := request.headers.get("content-md5"):
        found["md5Hash"] = md5
    return found
