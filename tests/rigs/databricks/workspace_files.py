"""Files in the workspaces of the rig, beside their volumes'."""

import posixpath
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.rigs.databricks.workspaces import ApiError, Handler, Workspace


def handlers() -> dict[tuple[str, str], Handler]:
    """Return what answers for them."""
    place = "/api/2.0/workspace"
    return {
        ("POST", f"{place}/mkdirs"): _make_directory,
        ("POST", f"{place}/import"): _import,
        ("GET", f"{place}/get-status"): _get_status,
        ("GET", f"{place}/export"): _export,
        ("POST", f"{place}/delete"): _delete,
    }


def _make_directory(workspace: Workspace, request: Request) -> dict[str, Any]:
    workspace.directories.append(request.get_json()["path"])
    return {}


def _import(workspace: Workspace, request: Request) -> dict[str, Any]:
    path = request.form["path"]
    parent = posixpath.dirname(path)
    if parent not in workspace.directories:
        raise _missing(f"The parent folder ({parent}) does not exist.")
    if path in workspace.files and request.form.get("overwrite") != "true":
        raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
    workspace.files[path] = request.files["content"].read()
    return {}


def _get_status(workspace: Workspace, request: Request) -> dict[str, Any]:
    path = request.args["path"]
    if path not in workspace.files:
        raise _missing(f"Path ({path}) doesn't exist.")
    return {"path": path, "object_type": "FILE"}


def _export(workspace: Workspace, request: Request) -> Response:
    path = request.args["path"]
    if path not in workspace.files:
        raise _missing(f"Path ({path}) doesn't exist.")
    return Response(workspace.files[path], content_type="application/octet-stream")


def _delete(workspace: Workspace, request: Request) -> dict[str, Any]:
    path = request.get_json()["path"]
    if path not in workspace.files:
        raise _missing(f"Path ({path}) doesn't exist.")
    del workspace.files[path]
    return {}


def _missing(message: str) -> ApiError:
    return ApiError(404, "RESOURCE_DOES_NOT_EXIST", message)
