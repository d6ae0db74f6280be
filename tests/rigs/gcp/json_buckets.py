"""Buckets in the JSON API."""

from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError, base_url, json_answer, json_body
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.objects import Bucket, Conditions

MOST_BUCKETS = 1000


class Buckets:
    """Creates, tells, changes and deletes buckets, and keeps their policies."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def insert(self, request: Request) -> Response:
        """Create a bucket."""
        body = await json_body(request)
        who = self._cloud.caller(request)
        self._cloud.permissions.require_in_project(who, "storage.buckets.create")
        project = request.query_params.get("project")
        if not project:
            raise ApiError(400, "required", "Required parameter: project")
        made = self._cloud.store.create_bucket(str(body.get("name", "")), project, body)
        return _answer(request, made)

    async def list(self, request: Request) -> Response:
        """Tell a project's buckets by their names, a page at a time."""
        who, query = self._cloud.caller(request), request.query_params
        self._cloud.permissions.require_in_project(who, "storage.buckets.list")
        project, prefix = query.get("project", ""), query.get("prefix", "")
        after, most = query.get("pageToken", ""), int(query.get("maxResults") or MOST_BUCKETS)
        found = [
            one
            for name, one in sorted(self._cloud.store.buckets.items())
            if one.project == project and name.startswith(prefix) and name > after
        ]
        told: dict[str, Any] = {"kind": "storage#buckets"}
        if found:
            told["items"] = [one.resource(base_url(request)) for one in found[:most]]
        if len(found) > most:
            told["nextPageToken"] = found[most - 1].name
        return json_answer(told)

    async def get(self, request: Request) -> Response:
        """Tell a bucket's settings."""
        bucket = self._bucket(request, "storage.buckets.get")
        Conditions.of_query(request.query_params).check(bucket, is_read=True)
        return _answer(request, bucket)

    async def change(self, request: Request) -> Response:
        """Change a bucket's settings; PUT leaves none but the given ones."""
        body = await json_body(request)
        bucket = self._bucket(request, "storage.buckets.update")
        with self._cloud.store.lock:
            Conditions.of_query(request.query_params).check(bucket)
            if request.method == "PUT":
                fixed = ("location", "locationType", "storageClass")
                body = {**{k: None for k in bucket.fields if k not in fixed}, **body}
            self._cloud.store.set_fields(bucket, body)
        return _answer(request, bucket)

    async def delete(self, request: Request) -> Response:
        """Delete an empty bucket."""
        bucket = self._bucket(request, "storage.buckets.delete")
        Conditions.of_query(request.query_params).check(bucket)
        self._cloud.store.delete_bucket(bucket.name)
        return Response(status_code=204)

    async def policy(self, request: Request) -> Response:
        """Tell who may do what."""
        return _policy_answer(self._bucket(request, "storage.buckets.getIamPolicy"))

    async def set_policy(self, request: Request) -> Response:
        """Replace the policy, if it is still the one that the caller has read."""
        body = await json_body(request)
        bucket = self._bucket(request, "storage.buckets.setIamPolicy")
        with self._cloud.store.lock:
            if body.get("etag") not in {None, "", bucket.etag}:
                message = "The conditions specified in the request were not met."
                raise ApiError(412, "conditionNotMet", message)
            bindings = [one for one in body.get("bindings", ()) if one.get("members")]
            bucket.policy = {"version": int(body.get("version", 1)), "bindings": bindings}
            bucket.metageneration += 1
        return _policy_answer(bucket)

    async def test_permissions(self, request: Request) -> Response:
        """Tell which of some permissions the caller has."""
        bucket, who = self._cloud.store.bucket(_name(request)), self._cloud.caller(request)
        attributes = {
            "resource.name": f"projects/_/buckets/{bucket.name}",
            "resource.type": "storage.googleapis.com/Bucket",
            "resource.service": "storage.googleapis.com",
        }
        found = [
            one
            for one in request.query_params.getlist("permissions")
            if self._cloud.permissions.permits(who, one, bucket.policy, attributes)
        ]
        kind = "storage#testIamPermissionsResponse"
        return json_answer({"kind": kind, "permissions": found} if found else {"kind": kind})

    async def lock_retention(self, request: Request) -> Response:
        """Have the retention policy never be shortened or removed from now on."""
        bucket = self._bucket(request, "storage.buckets.update")
        conditions = Conditions.of_query(request.query_params)
        if conditions.metageneration_match is None:
            raise ApiError(400, "required", "Required parameter: ifMetagenerationMatch")
        with self._cloud.store.lock:
            conditions.check(bucket)
            if "retentionPolicy" not in bucket.fields:
                raise ApiError(400, "invalid", f"Bucket '{bucket.name}' has no retention policy.")
            self._cloud.store.set_fields(bucket, {"retentionPolicy": {"isLocked": True}})
        return _answer(request, bucket)

    def _bucket(self, request: Request, permission: str) -> Bucket:
        return Access(self._cloud, self._cloud.caller(request)).bucket(_name(request), permission)


def _name(request: Request) -> str:
    return unquote(request.path_params["bucket"])


def _answer(request: Request, bucket: Bucket) -> Response:
    return json_answer(bucket.resource(base_url(request)), headers={"etag": bucket.etag})


def _policy_answer(bucket: Bucket) -> Response:
    content: dict[str, Any] = {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket.name}",
        "etag": bucket.etag,
        **bucket.policy,
    }
    return json_answer(content)
