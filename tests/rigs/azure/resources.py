"""Azure Resource Manager: keeps what is put at an id, and tells it again.

It knows no type of resource: a test server of one, such as of function apps, is a `ResourceType`
that is told of what is put and deleted, and adds what Azure itself would say.
"""

import re
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from tests.rigs.azure.answers import error
from tests.rigs.azure.identity import claims_in
from tests.rigs.planes import json_answer

AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
Body = dict[str, Any]


class RefusedError(Exception):
    """What Azure does not take.

    Attributes:
        answer: What it says.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = json_answer(status, error(code, message))


class ResourceType(Protocol):
    """What the rig knows of one type of resource."""

    kind: str
    """The type, such as `Microsoft.Web/sites`."""

    def put(self, resource_id: str, body: Body) -> Body:
        """Return what is kept of a resource that is created or updated.

        Raises:
            RefusedError: Azure would not take it.
        """

    def deleted(self, resource_id: str) -> None:
        """Forget a resource."""

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        """Answer a POST to `resource_id/name`; None where there is no such action."""


class ResourceManager:
    """The resources of every subscription."""

    def __init__(self, port: int, types: "tuple[ResourceType, ...]" = ()) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._types = {one.kind.lower(): one for one in types}
        self._resources: dict[str, Body] = {}
        self._lock = threading.RLock()

    def answer(self, request: Request) -> Response | None:
        """Answer a request below `/subscriptions/`."""
        if not request.path.lower().startswith("/subscriptions/"):
            return None
        if str(claims_in(request).get("aud", "")).rstrip("/") not in AUDIENCES:
            return json_answer(401, error("AuthenticationFailed", "The token is missing or wrong."))
        with self._lock:
            try:
                return self._answered(request)
            except RefusedError as refusal:
                return refusal.answer

    def know(self, *types: ResourceType) -> None:
        """Ask test servers of some types about what is put and deleted from now on."""
        self._types |= {one.kind.lower(): one for one in types}

    def keep(self, resource_id: str, body: Body) -> Body:
        """Keep a resource that comes by itself with another one."""
        kept = {
            **body,
            "id": resource_id,
            "name": resource_id.rpartition("/")[2],
            "type": kind_of(resource_id),
        }
        kept["properties"] = {**kept.get("properties", {}), "provisioningState": "Succeeded"}
        self._resources[resource_id.lower()] = kept
        return kept

    def close(self) -> None:
        """Do nothing: it has started nothing."""

    def find(self, resource_id: str) -> Body | None:
        """Return what is kept at an id, whose case does not matter."""
        return self._resources.get(resource_id.lower())

    def find_ending(self, ending: str) -> Body | None:
        """Return what is kept at the id that ends so, in whatever group."""
        keys = (key for key in self._resources if key.endswith(ending.lower()))
        return self._resources.get(next(keys, ""))

    def of_type(self, kind: str) -> list[Body]:
        """Return all resources of a type."""
        return [one for one in self._resources.values() if one["type"].lower() == kind.lower()]

    def _answered(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        body = request.get_json(silent=True) or {}
        known = self._types.get(kind_of(path).lower())
        if request.method in {"PUT", "PATCH"}:
            return self._put(path, body, known, is_patch=request.method == "PATCH")
        if request.method == "DELETE":
            return self._delete(path, known)
        if request.method == "POST":
            return self._act(path, body)
        found = self.find(path)
        if found is not None:
            return json_answer(200, found)
        return self._listed(path) or self._missing_group(path) or _missing(path)

    def _missing_group(self, path: str) -> Response | None:
        """Return the answer about something in a resource group that is not there, else None."""
        group = re.match(r"(?i)/subscriptions/[^/]+/resourceGroups/[^/]+", path)
        if group is None or path.lower() == group[0].lower() or self.find(group[0]) is not None:
            return None
        message = f"Resource group '{group[0].rpartition('/')[2]}' could not be found."
        return json_answer(404, error("ResourceGroupNotFound", message))

    def _put(
        self, path: str, body: Body, known: ResourceType | None, *, is_patch: bool
    ) -> Response:
        before = self.find(path)
        if is_patch and before is None:
            return _missing(path)
        refusal = self._missing_group(path)
        if refusal is not None:
            return refusal
        whole = _merged(before, body) if is_patch and before is not None else dict(body)
        kept = self.keep(path, whole if known is None else known.put(path, whole))
        created = getattr(known, "created_status", 201)  # which some types tell by another one
        return json_answer(created if before is None else 200, kept)

    def _delete(self, path: str, known: ResourceType | None) -> Response:
        if self.find(path) is None:
            return Response(status=204)
        below = f"{path.lower()}/"
        for key in [one for one in self._resources if f"{one}/".startswith(below)]:
            del self._resources[key]
        if known is not None:
            known.deleted(path)
        return Response(status=200)

    def _act(self, path: str, body: Body) -> Response:
        """Answer an action, such as `…/sites/app/host/default/listkeys`, by its longest owner."""
        owner, name = path, ""
        while owner.count("/") > 4:
            owner, _, last = owner.rpartition("/")
            name = f"{last}/{name}".rstrip("/")
            known = self._types.get(kind_of(owner).lower())
            if known is not None and self.find(owner) is not None:
                found = known.action(owner, name, body)
                if found is not None:
                    return found
        return _missing(path)

    def _listed(self, path: str) -> Response | None:
        """Return the resources right below a path that ends in a type; None for another path."""
        below = f"{path.lower()}/"
        found = [
            one
            for key, one in self._resources.items()
            if key.startswith(below) and "/" not in key.removeprefix(below)
        ]
        is_type = (
            len(path.rsplit("/providers/", maxsplit=1)[-1].split("/")) % 2 == 0
            and "/providers/" in path
        )
        return json_answer(200, {"value": found}) if found or is_type else None


def kind_of(path: str) -> str:
    """Return the type of a resource, such as `Microsoft.Web/sites/config`."""
    if "/providers/" not in path:
        return "Microsoft.Resources/resourceGroups"
    namespace, *rest = path.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *rest[::2]])


def _merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> Body:
    found = dict(before)
    for key, value in change.items():
        is_nested = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _merged(found[key], value) if is_nested else value
    return found


def _missing(path: str) -> Response:
    message = f"The Resource '{path.rpartition('/providers/')[2]}' was not found."
    return json_answer(404, error("ResourceNotFound", message))
