"""Files in the Unity Catalog volumes of the rig."""

from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from tests.rigs.databricks.workspaces import ApiError, Handler, Workspace

FILES = "/api/2.0/fs/files/"


def handlers() -> dict[tuple[str, str], Handler]:
    """Return what answers for files."""
    return {("PUT", FILES): _put, ("GET", FILES): _get, ("DELETE", FILES): _delete}


def _put(workspace: Workspace, request: Request) -> Response:
    path = _path(request)
    if not any(path.startswith(f"{volume}/") for volume in workspace.volumes):
        raise ApiError(404, "NOT_FOUND", f"The volume of {path} does not exist.")
    if path in workspace.files and request.args.get("overwrite") != "true":
        raise ApiError(409, "ALREADY_EXISTS", f"{path} already exists.")
    workspace.files[path] = request.get_data()
    return Response(status=204)


def _get(workspace: Workspace, request: Request) -> Response:
    _check(workspace, request)
    content = workspace.files[_path(request)]
    return Response(content, content_type="application/octet-stream")


def _delete(workspace: Workspace, request: Request) -> Response:
    _check(workspace, request)
    del workspace.files[_path(request)]
    return Response(status=204)


def _check(workspace: Workspace, request: Request) -> None:
    if _path(request) not in workspace.files:
        raise ApiError(404, "NOT_FOUND", f"The file {_path(request)} does not exist.")


def _path(request: Request) -> str:
    return "/" + unquote(request.path.removeprefix(FILES)).lstrip("/")
