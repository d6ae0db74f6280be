"""Whether a role's policy permits a request to S3 that the rig has noted.

It knows the requests that Glacier and its libraries make, and refuses all others.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote


def is_permitted(request: Mapping[str, str], statements: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether some statement allows a request."""
    bucket, _, key = unquote(request["path"]).lstrip("/").partition("/")
    query = parse_qs(request["query"], keep_blank_values=True)
    actions = _actions(request["method"], key, query)
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    prefix = query.get("prefix", [""])[0]
    return bool(actions) and all(
        any(_allows(one, action, resource, prefix) for one in statements) for action in actions
    )


def _actions(method: str, key: str, query: Mapping[str, list[str]]) -> list[str]:
    """Return what a request has to be allowed; nothing for one that is not known."""
    if not key:
        if method == "POST" and "delete" in query:
            return ["s3:DeleteObject"]
        return ["s3:ListBucket"] if method in {"GET", "HEAD"} else []
    if method == "DELETE":
        return ["s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject"]
    return {"GET": ["s3:GetObject"], "HEAD": ["s3:GetObject"]}.get(method, ["s3:PutObject"])


def _allows(statement: Mapping[str, Any], action: str, resource: str, prefix: str) -> bool:
    actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
    if action not in actions:
        return False
    if action == "s3:DeleteObject" and resource.count("/") == 0:  # many keys, in the body
        return any(one.startswith(f"{resource}/") for one in resources)
    patterns = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
    is_listed = patterns is None or any(fnmatchcase(prefix, one) for one in _listed(patterns))
    return is_listed and any(fnmatchcase(resource, one) for one in resources)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
