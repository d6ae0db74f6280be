"""The process of the rig: Azure's control planes, and what really runs functions and jobs.

It is started by `server.AzureServer`.
"""

from collections.abc import Sequence
from typing import Any

from werkzeug.wrappers import Request

from tests.rigs.azure.answers import error
from tests.rigs.azure.function_apps import FunctionApps
from tests.rigs.azure.identity import Identity, claims_in
from tests.rigs.azure.resources import ResourceManager
from tests.rigs.azure.storage_accounts import BlobServices, storage_types
from tests.rigs.azure.synapse import Synapse
from tests.rigs.planes import Part, serve


def identity_of(request: Request) -> str:
    """Return who a request's token was made for; empty where it has none that the rig made."""
    return str(claims_in(request).get("oid", ""))


def parts(port: int) -> Sequence[Part]:
    """Return what the rig plays."""
    apps = FunctionApps(port)
    manager = ResourceManager(port, apps.types)
    manager.know(*storage_types(manager))
    apps.resources = manager
    return [Identity(), apps, BlobServices(manager), manager, Synapse(port, manager)]


def _unknown(request: Request) -> dict[str, Any]:
    return error("NotFound", f"The rig plays no {request.path}.")


def main() -> None:
    """Serve until the standard input ends."""
    serve(parts, identity_of, _unknown)


if __name__ == "__main__":
    main()
