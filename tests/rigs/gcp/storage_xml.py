"""The XML API of Cloud Storage, which Polars and other object stores speak.

https://cloud.google.com/storage/docs/xml-api/reference-methods
"""

from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.headers import fields_of, hashes_in, object_headers, written_headers
from tests.rigs.gcp.media import media_answer
from tests.rigs.gcp.objects import Conditions, StoredObject, unmet
from tests.rigs.gcp.xml_answers import xml_answer, xml_error
from tests.rigs.gcp.xml_listing import listing_answer
from tests.rigs.gcp.xml_multipart import Multipart


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes of the XML API, which take all that no other part does."""
    made = Xml(cloud)
    return [
        Route("/{bucket}", made.bucket, methods=["GET", "HEAD", "PUT", "DELETE"]),
        Route("/{bucket}/", made.bucket, methods=["GET", "HEAD", "PUT", "DELETE"]),
        Route(
            "/{bucket}/{name:path}", made.object, methods=["GET", "HEAD", "PUT", "POST", "DELETE"]
        ),
    ]


class Xml:
    """Answers requests for buckets and for objects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._multipart = Multipart(cloud)

    async def bucket(self, request: Request) -> Response:
        """Tell, list, create or delete a bucket, or list its multipart uploads."""
        return await _told(request, self._bucket)

    async def object(self, request: Request) -> Response:
        """Read, write, copy or delete an object, or do a step of a multipart upload."""
        return await _told(request, self._object)

    async def _bucket(self, request: Request) -> Response:
        caller, name = self._caller(request), unquote(request.path_params["bucket"])
        if request.method == "PUT":
            self._cloud.permissions.require_in_project(caller.who, "storage.buckets.create")
            project = request.headers.get("x-goog-project-id", "")
            self._cloud.store.create_bucket(name, project, {})
            return Response()
        if request.method == "DELETE":
            caller.bucket(name, "storage.buckets.delete")
            self._cloud.store.delete_bucket(name)
            return Response(status_code=204)
        if request.method == "HEAD":
            bucket = caller.bucket(name, "storage.buckets.get")
            return Response(headers={"x-goog-storage-class": bucket.fields["storageClass"]})
        if "uploads" in request.query_params:
            return self._multipart.uploads(request, caller)
        return listing_answer(request, caller, name)

    async def _object(self, request: Request) -> Response:
        caller, query = self._caller(request), request.query_params
        if "uploads" in query or "uploadId" in query:
            return await self._multipart.answer(request, caller)
        bucket, name = unquote(request.path_params["bucket"]), object_name(request)
        generation = int(query["generation"]) if query.get("generation") else None
        conditions = Conditions.of_headers(request.headers)
        if request.method in {"GET", "HEAD"}:
            found = caller.read(bucket, name, generation, conditions)
            _check_tags(request, found)
            return _read_answer(request, found)
        if request.method == "DELETE":
            caller.delete(bucket, name, generation, conditions)
            return Response(status_code=204)
        if request.method == "PUT":
            if source := request.headers.get("x-goog-copy-source"):
                return self._copy(request, caller, source)
            body = await request.body()
            fields = {**fields_of(request), **hashes_in(request)}
            return _written(caller.write(bucket, name, body, fields, conditions))
        message = "The specified method is not allowed against this resource."
        raise ApiError(405, "methodNotAllowed", message)

    def _copy(self, request: Request, caller: Access, source: str) -> Response:
        bucket_name, _, name = source.lstrip("/").partition("/")
        generation = request.headers.get("x-goog-copy-source-generation")
        found = caller.read(
            unquote(bucket_name), unquote(name), int(generation) if generation else None
        )
        fields = {k: v for k, v in found.fields.items() if k not in {"storageClass", "kmsKeyName"}}
        if request.headers.get("x-goog-metadata-directive", "").upper() == "REPLACE":
            fields = {}
        made = caller.write(
            unquote(request.path_params["bucket"]),
            object_name(request),
            found.data,
            {**fields, **{k: v for k, v in fields_of(request).items() if k != "contentType"}},
            Conditions.of_headers(request.headers),
            parts=found.component_count,
        )
        answer = xml_answer("CopyObjectResult", {"ETag": made.etag})
        answer.headers.update(written_headers(made))
        return answer

    def _caller(self, request: Request) -> Access:
        return Access(self._cloud, self._cloud.caller(request))


async def _told(request: Request, do: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        return await do(request)
    except ApiError as error:
        return xml_error(error, has_body=request.method != "HEAD")


def object_name(request: Request) -> str:
    """Return the object that a request is about."""
    return unquote(request.path_params["name"])


def _check_tags(request: Request, found: StoredObject) -> None:
    """Refuse to read what has another tag than a request expects, or none but the known one."""
    expected, known = request.headers.get("if-match"), request.headers.get("if-none-match")
    if expected is not None and expected != found.etag:
        raise unmet()
    if known is not None and known == found.etag:
        raise ApiError(304, "notModified", "Not Modified")


def _read_answer(request: Request, found: StoredObject) -> Response:
    if request.method == "GET":
        return media_answer(request, found, {"etag": found.etag})
    headers = {**object_headers(found), "etag": found.etag, "accept-ranges": "bytes"}
    return Response(headers={**headers, "content-length": str(len(found.data))})


def _written(made: StoredObject) -> Response:
    return Response(headers=written_headers(made))
