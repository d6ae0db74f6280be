"""Objects in the JSON API: reading, listing, changing and deleting them."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError, base_url, bool_in, json_answer, json_body
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.listing import Query
from tests.rigs.gcp.media import media_answer
from tests.rigs.gcp.objects import Conditions, StoredObject

MOST_RESULTS = 1000


class Objects:
    """Tells, lists, changes and deletes objects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def get(self, request: Request) -> Response:
        """Tell what is said of an object; with `alt=media`, what it holds."""
        if request.query_params.get("alt") == "media":
            return await self.download(request)
        return object_answer(request, self._read(request))

    async def download(self, request: Request) -> Response:
        """Tell what an object holds."""
        found = self._read(request)
        try:
            return media_answer(request, found, {"etag": json_etag(found)})
        except ApiError as error:
            return PlainTextResponse("Request range not satisfiable", error.status)

    async def list(self, request: Request) -> Response:
        """List a bucket's objects."""
        query = request.query_params
        page = access(self._cloud, request).list(bucket_name(request), _query(query))
        base = base_url(request)
        content: dict[str, Any] = {"kind": "storage#objects"}
        if page.objects:
            content["items"] = [one.resource(base) for one in page.objects]
        if page.prefixes:
            content["prefixes"] = page.prefixes
        if page.next:
            content["nextPageToken"] = base64.urlsafe_b64encode(page.next.encode()).decode()
        return json_answer(content)

    async def change(self, request: Request) -> Response:
        """Change what is said of an object."""
        body = await json_body(request)
        changed = access(self._cloud, request).change(
            bucket_name(request), object_name(request), body, *_which(request)
        )
        return object_answer(request, changed)

    async def delete(self, request: Request) -> Response:
        """Delete an object."""
        access(self._cloud, request).delete(
            bucket_name(request), object_name(request), *_which(request)
        )
        return Response(status_code=204)

    def _read(self, request: Request) -> StoredObject:
        return access(self._cloud, request).read(
            bucket_name(request), object_name(request), *_which(request)
        )


def access(cloud: Cloud, request: Request) -> Access:
    """Return what the caller may do."""
    return Access(cloud, cloud.caller(request))


def bucket_name(request: Request) -> str:
    """Return the bucket that a request is about."""
    return unquote(request.path_params["bucket"])


def object_name(request: Request) -> str:
    """Return the object that a request is about."""
    return unquote(request.path_params["name"])


def object_answer(request: Request, found: StoredObject) -> Response:
    """Return an answer with an object's resource."""
    return json_answer(found.resource(base_url(request)), headers={"etag": json_etag(found)})


def json_etag(found: StoredObject) -> str:
    """Return the tag that the JSON API gives an object."""
    return str(found.resource("")["etag"])


def generation_in(query: Mapping[str, str], name: str = "generation") -> int | None:
    """Return the generation that a request asks for."""
    return int(query[name]) if query.get(name) else None


def _which(request: Request) -> tuple[int | None, Conditions]:
    query = request.query_params
    return generation_in(query), Conditions.of_query(query)


def _query(query: Mapping[str, str]) -> Query:
    token = query.get("pageToken", "")
    try:
        after = base64.urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise ApiError(400, "invalid", "Invalid argument.") from error
    return Query(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        after=after,
        start=query.get("startOffset", ""),
        end=query.get("endOffset", ""),
        glob=query.get("matchGlob", ""),
        count=min(int(query.get("maxResults") or MOST_RESULTS), MOST_RESULTS),
        versions=bool_in(query, "versions"),
        trailing=bool_in(query, "includeTrailingDelimiter"),
    )
