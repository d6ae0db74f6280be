"""Multipart uploads of the XML API.

https://cloud.google.com/storage/docs/multipart-uploads
"""

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import google_crc32c
from starlette.requests import Request
from starlette.responses import Response

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.headers import fields_of, hashes_in, written_headers
from tests.rigs.gcp.objects import Conditions, encoded, timestamp
from tests.rigs.gcp.xml_answers import Fields, xml_answer

SMALLEST_PART = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part that was uploaded."""

    data: bytes
    etag: str
    written: float


@dataclass(slots=True)
class Upload:
    """A multipart upload that is under way."""

    bucket_name: str
    name: str
    fields: dict[str, Any]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    started: float = field(default_factory=time.time)
    parts: dict[int, Part] = field(default_factory=dict)


class Multipart:
    """Begins multipart uploads, takes their parts, and completes or aborts them."""

    def __init__(self, cloud: Cloud) -> None:
        self._store = cloud.store

    async def answer(self, request: Request, caller: Access) -> Response:
        """Answer a step of an upload."""
        if request.method != "GET" and Conditions.of_headers(request.headers):
            message = "A header or query you provided requested a function that is not implemented."
            raise ApiError(400, "notImplemented", message)
        bucket_name, name = (unquote(request.path_params[one]) for one in ("bucket", "name"))
        if request.method == "POST" and "uploads" in request.query_params:
            return self._begin(request, caller, bucket_name, name)
        upload = self._upload(request, bucket_name, name)
        bucket = self._store.bucket(bucket_name)
        if request.method == "DELETE":
            caller.require("storage.multipartUploads.abort", bucket, name)
            self._store.uploads.pop(upload.id, None)
            return Response(status_code=204)
        if request.method == "GET":
            caller.require("storage.multipartUploads.listParts", bucket, name)
            return _parts_answer(upload)
        caller.require("storage.multipartUploads.create", bucket, name)
        caller.require("storage.objects.create", bucket, name)
        body = await request.body()
        if request.method == "PUT":
            return _take(request, upload, body)
        return self._complete(request, caller, upload, body)

    def uploads(self, request: Request, caller: Access) -> Response:
        """Return the uploads that are under way in a bucket."""
        bucket = self._store.bucket(unquote(request.path_params["bucket"]))
        caller.require("storage.multipartUploads.list", bucket)
        prefix = request.query_params.get("prefix", "")
        found = [
            {"Key": one.name, "UploadId": one.id, "Initiated": timestamp(one.started)}
            for one in sorted(self._store.uploads.values(), key=lambda one: one.name)
            if one.bucket_name == bucket.name and one.name.startswith(prefix)
        ]
        fields: Fields = {"Bucket": bucket.name, "IsTruncated": "false", "Upload": found}
        return xml_answer("ListMultipartUploadsResult", fields)

    def _begin(self, request: Request, caller: Access, bucket_name: str, name: str) -> Response:
        bucket = self._store.bucket(bucket_name)
        caller.require("storage.multipartUploads.create", bucket, name)
        caller.require("storage.objects.create", bucket, name)
        upload = Upload(bucket_name, name, fields_of(request))
        self._store.uploads[upload.id] = upload
        fields = {"Bucket": bucket_name, "Key": name, "UploadId": upload.id}
        return xml_answer("InitiateMultipartUploadResult", fields)

    def _upload(self, request: Request, bucket_name: str, name: str) -> Upload:
        found = self._store.uploads.get(request.query_params.get("uploadId", ""))
        if found is None or (found.bucket_name, found.name) != (bucket_name, name):
            message = "The requested upload was not found."
            raise ApiError(404, "notFound", message, code="NoSuchUpload")
        return found

    def _complete(self, request: Request, caller: Access, upload: Upload, body: bytes) -> Response:
        chosen = _chosen(upload, body)
        for part in chosen[:-1]:
            if len(part.data) < SMALLEST_PART:
                message = "Your proposed upload is smaller than the minimum allowed size"
                raise ApiError(400, "entityTooSmall", message)
        data = b"".join(part.data for part in chosen)
        made = caller.write(upload.bucket_name, upload.name, data, upload.fields, parts=len(chosen))
        self._store.uploads.pop(upload.id, None)
        fields = {"Bucket": made.bucket_name, "Key": made.name, "ETag": made.etag}
        answer = xml_answer("CompleteMultipartUploadResult", fields)
        answer.headers.update(written_headers(made))
        return answer


def _take(request: Request, upload: Upload, body: bytes) -> Response:
    number = int(request.query_params.get("partNumber", 0))
    if not 1 <= number <= 10_000:
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise ApiError(400, "invalidArgument", message)
    checksum = encoded(google_crc32c.value(body).to_bytes(4, "big"))
    if hashes_in(request).get("crc32c", checksum) != checksum:
        message = "The CRC32C you specified did not match what we computed."
        raise ApiError(400, "invalid", message, code="BadDigest")
    etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    upload.parts[number] = Part(body, etag, time.time())
    return Response(headers={"etag": etag, "x-goog-hash": f"crc32c={checksum}"})


def _chosen(upload: Upload, body: bytes) -> list[Part]:
    """Return the parts that a completion names, which have to be as it says and in order."""
    found, last = [], 0
    for element in ET.fromstring(body):
        told = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element}
        number = int(told.get("PartNumber", 0))
        part = upload.parts.get(number)
        if part is None or told.get("ETag", "").strip('"') != part.etag.strip('"'):
            message = (
                "One or more of the specified parts could not be found. The part may not have "
                "been uploaded, or the specified entity tag may not match the part's entity tag."
            )
            raise ApiError(400, "invalidPart", message)
        if number <= last:
            message = "The list of parts was not in ascending order."
            raise ApiError(400, "invalidPartOrder", message)
        found.append(part)
        last = number
    if not found:
        message = "The XML you provided was not well-formed or did not validate."
        raise ApiError(400, "malformedXML", message)
    return found


def _parts_answer(upload: Upload) -> Response:
    parts: list[Fields] = [
        {
            "PartNumber": number,
            "LastModified": timestamp(part.written),
            "ETag": part.etag,
            "Size": len(part.data),
        }
        for number, part in sorted(upload.parts.items())
    ]
    fields: Fields = {
        "Bucket": upload.bucket_name,
        "Key": upload.name,
        "UploadId": upload.id,
        "IsTruncated": "false",
        "Part": parts,
    }
    return xml_answer("ListPartsResult", fields)
