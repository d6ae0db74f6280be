"""Listing a bucket in the XML API, in its newer and its older way."""

import base64
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.listing import Query
from tests.rigs.gcp.objects import timestamp
from tests.rigs.gcp.xml_answers import xml_answer

MOST_KEYS = 1000


def listing_answer(request: Request, caller: Access, bucket_name: str) -> Response:
    """Return a page of a bucket's objects."""
    query = request.query_params
    is_new = query.get("list-type") == "2"
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    count = min(int(query.get("max-keys") or MOST_KEYS), MOST_KEYS)
    after = _after(request) if is_new else query.get("marker", "")
    page = caller.list(
        bucket_name, Query(prefix=prefix, delimiter=delimiter, after=after, count=count)
    )
    coded = quote if query.get("encoding-type") == "url" else str
    fields: dict[str, Any] = {
        "Name": bucket_name,
        "Prefix": coded(prefix),
        "MaxKeys": count,
        "IsTruncated": "true" if page.next else "false",
    }
    if delimiter:
        fields["Delimiter"] = coded(delimiter)
    if is_new:
        fields["KeyCount"] = len(page.objects) + len(page.prefixes)
        if page.next:
            token = base64.urlsafe_b64encode(page.next.encode()).decode()
            fields["NextContinuationToken"] = token
    elif page.next:
        fields["NextMarker"] = coded(page.next)
    fields["Contents"] = [
        {
            "Key": coded(one.name),
            "Generation": one.generation,
            "MetaGeneration": one.metageneration,
            "LastModified": timestamp(one.updated),
            "ETag": one.etag,
            "Size": len(one.data),
            "StorageClass": one.storage_class,
        }
        for one in page.objects
    ]
    fields["CommonPrefixes"] = [{"Prefix": coded(one)} for one in page.prefixes]
    return xml_answer("ListBucketResult", fields)


def _after(request: Request) -> str:
    token = request.query_params.get("continuation-token")
    if token is None:
        return request.query_params.get("start-after", "")
    try:
        return base64.urlsafe_b64decode(unquote(token)).decode()
    except ValueError as error:
        message = "The continuation token provided is incorrect"
        raise ApiError(400, "invalid", message, code="InvalidArgument") from error
