"""Whether a role's policy allows the requests to S3 that were made under it.

Moto asks nobody whether a request is allowed, so this looks at what was asked afterwards.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.rigs.aws.server import ACCESS_KEY

Request = Mapping[str, str]


def not_allowed(requests: Iterable[Request], policy: Mapping[str, Any]) -> list[str]:
    """Return the requests to S3 by assumed roles that a policy does not allow, as texts.

    Args:
        requests: What the rig has noted.
        policy: The document of the only policy of the role.
    """
    wanted = {
        (action, resource, prefix)
        for request in requests
        if is_by_role(request)
        for action, resource, prefix in _needs(request)
    }
    return sorted(
        f"{action} {resource} {prefix}".strip()
        for action, resource, prefix in wanted
        if not any(_allows(one, action, resource, prefix) for one in policy["Statement"])
    )


def is_by_role(request: Request) -> bool:
    """Return whether a request to S3 was signed by keys that a role was given for a while."""
    is_s3 = not request["target"] and request["path"] != "/"
    return (
        is_s3 and request["access_key"].startswith("ASIA") and request["access_key"] != ACCESS_KEY
    )


def _needs(request: Request) -> Iterable[tuple[str, str, str]]:
    """Yield the rights that a request takes: action, resource and listed prefix."""
    bucket, _, key = unquote(request["path"]).lstrip("/").partition("/")
    query = parse_qs(request["query"], keep_blank_values=True)
    method = request["method"]
    if not key:
        if "delete" in query:
            return [
                ("s3:DeleteObject", f"arn:aws:s3:::{bucket}/?", "")
            ]  # of keys that aren't noted
        if "uploads" in query:
            return [("s3:ListBucketMultipartUploads", f"arn:aws:s3:::{bucket}", "")]
        return [("s3:ListBucket", f"arn:aws:s3:::{bucket}", query.get("prefix", [""])[0])]
    actions = {
        "GET": "s3:GetObject",
        "HEAD": "s3:GetObject",
        "PUT": "s3:PutObject",
        "POST": "s3:PutObject",
        "DELETE": "s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject",
    }
    return [(actions[method], f"arn:aws:s3:::{bucket}/{key}", "")]


def _allows(statement: Mapping[str, Any], action: str, resource: str, prefix: str) -> bool:
    if action not in _listed(statement["Action"]):
        return False
    allowed = _listed(statement["Resource"])
    if resource.endswith("/?"):
        return any(one.startswith(resource[:-1]) for one in allowed)
    if not any(fnmatchcase(resource, one) for one in allowed):
        return False
    patterns = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", "*")
    return any(fnmatchcase(prefix, one) for one in _listed(patterns))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
