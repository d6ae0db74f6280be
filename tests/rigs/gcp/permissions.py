"""Who may do what: the policies of the project, of buckets and of service accounts."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.conditions import holds
from tests.rigs.gcp.objects import Bucket
from tests.rigs.gcp.roles import OWNER_ROLE, ROLES

LIST_PREFIX = "storage.googleapis.com/objectListPrefix"


class Permissions:
    """The project's policy, and what the policies of resources add to it.

    Attributes:
        project_policy: The bindings that hold for the whole project.
        roles: What roles permit; a project's own ones can be added.
    """

    def __init__(self, owners: Iterable[str]) -> None:
        self.roles = dict(ROLES)
        self._owners = [member_of(one) for one in owners]
        self.project_policy: dict[str, Any] = {}
        self.forget()

    def forget(self) -> None:
        """Leave the owners' binding alone."""
        bindings = [{"role": OWNER_ROLE, "members": list(self._owners)}]
        self.project_policy = {"version": 1, "etag": "BwXhqDVYk00=", "bindings": bindings}

    def permits(
        self,
        who: str,
        permission: str,
        policy: Mapping[str, Any] | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """Return whether somebody may do something.

        Args:
            who: The e-mail address; empty for nobody in particular.
            permission: Such as `storage.objects.get`.
            policy: The resource's own.
            attributes: What conditions are asked of.
        """
        members = {"allUsers"}
        if who:
            members |= {member_of(who), f"user:{who}", "allAuthenticatedUsers"}
        bindings = [*self.project_policy.get("bindings", ())]
        bindings += (policy or {}).get("bindings", ())
        return any(
            not members.isdisjoint(one.get("members", ()))
            and (one["role"] == OWNER_ROLE or permission in self.roles.get(one["role"], ()))
            and _applies(one, attributes or {})
            for one in bindings
        )

    def require(
        self, who: str, permission: str, bucket: Bucket, name: str | None = None, prefix: str = ""
    ) -> None:
        """Refuse what somebody may not do in a bucket.

        Args:
            who: The e-mail address; empty for an anonymous caller.
            permission: What is needed.
            bucket: Where.
            name: The object; None for the bucket itself.
            prefix: Of what a listing asks.

        Raises:
            ApiError: The permission isn't granted.
        """
        path = f"projects/_/buckets/{bucket.name}"
        kind = "Bucket" if name is None else "Object"
        attributes = {
            "resource.name": path if name is None else f"{path}/objects/{name}",
            "resource.type": f"storage.googleapis.com/{kind}",
            "resource.service": "storage.googleapis.com",
            LIST_PREFIX: prefix,
        }
        if not self.permits(who, permission, bucket.policy, attributes):
            raise denied(who, permission, f"Google Cloud Storage {kind.lower()}")

    def require_in_project(self, who: str, permission: str) -> None:
        """Refuse what somebody may not do in the project.

        Raises:
            ApiError: The permission isn't granted.
        """
        if not self.permits(who, permission):
            raise denied(who, permission, "Google Cloud project")

    def grant(self, policy: dict[str, Any], member: str, role: str, condition: str) -> None:
        """Add a binding to a policy; an account may be named by its e-mail address alone."""
        binding: dict[str, Any] = {"role": role, "members": [member_of(member)]}
        if condition:
            binding["condition"] = {"title": "rig", "expression": condition}
            policy["version"] = 3
        policy["bindings"].append(binding)


def member_of(who: str) -> str:
    """Return what policies call an account; a member stays as it is."""
    is_member = ":" in who or who in {"allUsers", "allAuthenticatedUsers"}
    return who if is_member else f"serviceAccount:{who}"


def denied(who: str, permission: str, what: str) -> ApiError:
    """Return the error of what isn't permitted, in Google's words."""
    message = (
        f"{who or 'Anonymous caller'} does not have {permission} access to the {what}. "
        f"Permission '{permission}' denied on resource (or it may not exist)."
    )
    status, reason = (403, "forbidden") if who else (401, "required")
    return ApiError(status, reason, message, code="AccessDenied", details=message)


def _applies(binding: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    condition = binding.get("condition")
    return not condition or holds(condition["expression"], attributes)
