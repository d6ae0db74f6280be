"""Answers with what an object holds, whole or a range of it."""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.headers import object_headers
from tests.rigs.gcp.objects import StoredObject

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def media_answer(request: Request, found: StoredObject, headers: Mapping[str, str]) -> Response:
    """Return an answer with the bytes that a request asks for.

    Raises:
        ApiError: The range begins where the object has ended.
    """
    named = {**object_headers(found), **headers, "accept-ranges": "bytes"}
    match = RANGE.fullmatch(request.headers.get("range", "").strip())
    if match is None or match.groups() == ("", ""):
        return Response(found.data, 200, named)
    size = len(found.data)
    begin, end = _bounds(match[1], match[2], size)
    if begin >= size or end < begin:
        message = "The requested range cannot be satisfied."
        raise ApiError(416, "requestedRangeNotSatisfiable", message, code="InvalidRange")
    named["content-range"] = f"bytes {begin}-{end}/{size}"
    return Response(memoryview(found.data)[begin : end + 1], 206, named)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        wanted = int(last)
        return (max(size - wanted, 0), size - 1) if wanted else (size, size)
    return int(first), min(int(last), size - 1) if last else size - 1
