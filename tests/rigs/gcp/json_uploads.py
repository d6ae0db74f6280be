"""Uploads in the JSON API: in one request, with metadata in one request, and resumable.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError, base_url
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.headers import hashes_in
from tests.rigs.gcp.json_objects import access, bucket_name, object_answer
from tests.rigs.gcp.objects import Conditions
from tests.rigs.gcp.related import related_parts
from tests.rigs.gcp.sessions import Session

CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class Uploads:
    """Takes objects in."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def insert(self, request: Request) -> Response:
        """Take an object, or begin or go on with a resumable upload."""
        query = request.query_params
        if upload_id := query.get("upload_id"):
            return await self._go_on(request, upload_id)
        kind = query.get("uploadType", "media")
        caller = access(self._cloud, request)
        if kind == "resumable":
            return await self._begin(request, caller)
        body = await request.body()
        fields: dict[str, Any] = {"contentType": request.headers.get("content-type")}
        if kind == "multipart":
            fields, body = related_parts(body, request.headers.get("content-type", ""))
        fields = {**_query_fields(query), **fields, **hashes_in(request)}
        name = query.get("name") or str(fields.get("name", ""))
        if not name:
            raise ApiError(400, "required", "Required parameter: name")
        conditions = Conditions.of_query(query)
        made = caller.write(bucket_name(request), name, body, fields, conditions)
        return object_answer(request, made)

    async def cancel(self, request: Request) -> Response:
        """Give a resumable upload up."""
        self._session(request.query_params.get("upload_id", "")).is_cancelled = True
        return Response(status_code=499)

    async def _begin(self, request: Request, caller: Access) -> Response:
        query, headers = request.query_params, request.headers
        body = await request.body()
        fields = {
            "contentType": headers.get("x-upload-content-type"),
            **_query_fields(query),
            **(json.loads(body) if body else {}),
        }
        name = query.get("name") or str(fields.get("name", ""))
        if not name:
            raise ApiError(400, "required", "Required parameter: name")
        bucket = self._cloud.store.bucket(bucket_name(request))
        caller.require("storage.objects.create", bucket, name)
        conditions = Conditions.of_query(query)
        conditions.check(bucket.live.get(name))
        session = Session(caller, bucket.name, name, fields, conditions)
        self._cloud.store.sessions[session.id] = session
        location = (
            f"{base_url(request)}/upload/storage/v1/b/{quote(bucket.name)}/o"
            f"?uploadType=resumable&name={quote(name, safe='')}&upload_id={session.id}"
        )
        return Response(headers={"location": location, "x-guploader-uploadid": session.id})

    async def _go_on(self, request: Request, upload_id: str) -> Response:
        """Take more of a resumable upload; its address is all the permission that it takes."""
        session = self._session(upload_id)
        if session.is_cancelled:
            return Response(status_code=499)
        if session.made is not None:
            return object_answer(request, session.made)
        begin, total = _range_in(request)
        session.fields |= hashes_in(request)
        session.seek(begin)
        try:
            async for chunk in request.stream():
                session.add(chunk)
        except ClientDisconnect:
            session.cut()
            raise
        if total is not None and session.size > total:
            session.cut()
            raise ApiError(400, "invalid", "The upload is longer than its Content-Range says.")
        if session.size != total and "content-range" in request.headers:
            session.cut()
            return _incomplete(session)
        return object_answer(request, session.finish())

    def _session(self, upload_id: str) -> Session:
        found = self._cloud.store.sessions.get(upload_id)
        if found is None:
            raise ApiError(404, "notFound", f"No such upload session: {upload_id}")
        return found


def _range_in(request: Request) -> tuple[int | None, int | None]:
    """Return where a request's bytes begin, None for `*`, and how many there will be in all."""
    text = request.headers.get("content-range")
    if text is None:
        return None, None
    match = CONTENT_RANGE.fullmatch(text.strip())
    if match is None:
        raise ApiError(400, "badContent", f"Failed to parse Content-Range header: {text}")
    return (int(match[1]) if match[1] else None), (None if match[3] == "*" else int(match[3]))


def _incomplete(session: Session) -> Response:
    headers = {"x-guploader-uploadid": session.id}
    if session.size:
        headers["range"] = f"bytes=0-{session.size - 1}"
    return PlainTextResponse("", 308, headers)


def _query_fields(query: Mapping[str, str]) -> dict[str, str]:
    known = ("contentEncoding", "kmsKeyName")
    return {name: query[name] for name in known if query.get(name)}
