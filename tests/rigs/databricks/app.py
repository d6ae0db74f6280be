"""The process of the rig: the REST API of Databricks' workspaces, and what really runs their jobs.

It is started by `server.DatabricksServer`.
"""

from collections.abc import Sequence

from werkzeug.wrappers import Request, Response

from tests.rigs.databricks import clusters, files, workspace_files
from tests.rigs.databricks.jobs import Jobs
from tests.rigs.databricks.runs import Runs
from tests.rigs.databricks.workspaces import Workspaces
from tests.rigs.planes import Part, json_answer, serve


class Databricks:
    """All workspaces; `planes.Part`."""

    def __init__(self) -> None:
        self._runs = Runs()
        handlers = {**clusters.handlers(), **files.handlers(), **workspace_files.handlers()}
        handlers |= {**self._runs.handlers(), **Jobs(self._runs).handlers()}
        self.workspaces = Workspaces(handlers)

    def answer(self, request: Request) -> Response | None:
        """Answer a request."""
        if request.path == "/.well-known/databricks-config":
            return json_answer(
                200, {"oidc_endpoint": f"{request.host_url}oidc", "workspace_id": "1"}
            )
        return self.workspaces.answer(request)

    def close(self) -> None:
        """End what it has started."""
        self.workspaces.close()
        self._runs.close()


def main() -> None:
    """Serve until the standard input ends."""
    databricks = Databricks()

    def parts(port: int) -> Sequence[Part]:
        return [databricks]

    def identity_of(request: Request) -> str:
        workspace = databricks.workspaces.of(request)
        return "" if workspace is None else workspace.client_id

    serve(parts, identity_of, lambda request: {"error_code": "ENDPOINT_NOT_FOUND"})


if __name__ == "__main__":
    main()
