"""Objects that are made of objects in the JSON API: copy, rewrite, move and compose."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError, base_url, json_answer, json_body
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.json_objects import (
    access,
    bucket_name,
    generation_in,
    object_answer,
    object_name,
)
from tests.rigs.gcp.objects import Conditions, StoredObject

MOST_SOURCES = 32
NOT_COPIED = frozenset({"storageClass", "kmsKeyName", "temporaryHold", "eventBasedHold"})


class Copies:
    """Makes objects of others."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def copy(self, request: Request) -> Response:
        """Copy an object in one request."""
        body = await json_body(request)
        made = self._copied(request, self._source(request), body)
        return object_answer(request, made)

    async def rewrite(self, request: Request) -> Response:
        """Copy an object, in several requests where each may copy so much only."""
        body = await json_body(request)
        source, query = self._source(request), request.query_params
        size, step = len(source.data), int(query.get("maxBytesRewrittenPerCall") or 0)
        done = _progress(query.get("rewriteToken", ""), source) + (step or size)
        content: dict[str, Any] = {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": str(min(done, size)),
            "objectSize": str(size),
            "done": done >= size,
        }
        if done < size:
            content["rewriteToken"] = _rewrite_token(done, source)
        else:
            made = self._copied(request, source, body)
            content["resource"] = made.resource(base_url(request))
        return json_answer(content)

    async def move(self, request: Request) -> Response:
        """Rename an object."""
        query = request.query_params
        caller, bucket, name = access(self._cloud, request), bucket_name(request), object_name
        with self._cloud.store.lock:
            Conditions.of_query(query, "ifSource").check(
                self._cloud.store.object(self._cloud.store.bucket(bucket), name(request))
            )
            to = unquote(request.path_params["name_to"])
            made = caller.move(bucket, name(request), to, Conditions.of_query(query))
        return object_answer(request, made)

    async def compose(self, request: Request) -> Response:
        """Put several objects of a bucket together."""
        body = await json_body(request)
        caller, bucket = access(self._cloud, request), bucket_name(request)
        sources = body.get("sourceObjects", [])
        if not 1 <= len(sources) <= MOST_SOURCES:
            message = f"The number of source components provided ({len(sources)}) is not 1 to 32"
            raise ApiError(400, "invalid", message)
        with self._cloud.store.lock:
            found = [_component(caller, bucket, one) for one in sources]
            fields = {"contentType": found[0].content_type, **body.get("destination", {})}
            made = caller.write(
                bucket,
                object_name(request),
                b"".join(one.data for one in found),
                fields,
                Conditions.of_query(request.query_params),
                parts=sum(max(1, one.component_count) for one in found),
            )
            if body.get("deleteSourceObjects"):
                for one in found:
                    caller.delete(bucket, one.name)
        return object_answer(request, made)

    def _source(self, request: Request) -> StoredObject:
        query = request.query_params
        return access(self._cloud, request).read(
            bucket_name(request),
            object_name(request),
            generation_in(query, "sourceGeneration"),
            Conditions.of_query(query, "ifSource"),
        )

    def _copied(
        self, request: Request, source: StoredObject, body: Mapping[str, Any]
    ) -> StoredObject:
        query = request.query_params
        fields = {k: v for k, v in source.fields.items() if k not in NOT_COPIED}
        if key := query.get("destinationKmsKeyName"):
            fields["kmsKeyName"] = key
        return access(self._cloud, request).write(
            unquote(request.path_params["bucket_to"]),
            unquote(request.path_params["name_to"]),
            source.data,
            {**fields, **body},
            Conditions.of_query(query),
            parts=source.component_count,
        )


def _component(caller: Access, bucket: str, one: Mapping[str, Any]) -> StoredObject:
    wanted = generation_in(one)
    expected = one.get("objectPreconditions", {}).get("ifGenerationMatch")
    conditions = Conditions(int(expected) if expected is not None else None)
    return caller.read(bucket, str(one["name"]), wanted, conditions)


def _rewrite_token(done: int, source: StoredObject) -> str:
    return base64.urlsafe_b64encode(json.dumps([done, source.generation]).encode()).decode()


def _progress(token: str, source: StoredObject) -> int:
    if not token:
        return 0
    try:
        done, generation = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise ApiError(400, "invalid", "Invalid rewrite token.") from error
    return int(done) if generation == source.generation else 0
