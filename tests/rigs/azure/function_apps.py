"""Azure Functions: the part of Resource Manager that knows of apps, and the hosts of the apps.

Each app has two hosts on ports of their own: the SCM site, which takes its code, builds it and says
how that went, and the app itself, which runs the very zip that it was given.
"""

import os
import re
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from azure.storage.blob import BlobServiceClient
from tests.rigs.azure.function_resources import Keys, Plans, Settings, Sites
from tests.rigs.azure.function_site import Site
from tests.rigs.azure.identity import HEADER, PATH, claims_in
from tests.rigs.azure.resources import AUDIENCES, ResourceType
from tests.rigs.planes import Quiet, json_answer

if TYPE_CHECKING:
    from tests.rigs.azure.resources import ResourceManager

_FUNCTIONS = re.compile(r"(?i)/subscriptions/.*/providers/Microsoft\.Web/sites/([^/]+)/functions")
_DEPLOYMENT = re.compile(r"/api/deployments/([^/]+)(/log(?:/(\d+))?)?")
_WRITERS = (
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
)


class FunctionApps:
    """All function apps; a `Part`.

    `PUT /rig/functions/refusals` takes a list of answers, each for one request: `host` (`app`,
    `scm` or `manager`), `method` and `path` are patterns of it, `status`, `body` and `headers` make
    up the answer. `GET` and `DELETE /rig/functions/requests` tell what the apps' hosts were asked.

    Args:
        port: Where the rig is reached.

    Attributes:
        resources: All that Resource Manager keeps.
    """

    resources: "ResourceManager"

    def __init__(self, port: int) -> None:
        self._identity = {
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{port}{PATH}",
            "IDENTITY_HEADER": HEADER,
            # Azurite takes no tokens over HTTP.
            "AZURE_STORAGE_KEY": os.environ["AZURE_STORAGE_KEY"],
        }
        self._directory = Path(tempfile.mkdtemp(prefix="glacier-functions-"))
        self._sites: dict[str, Site] = {}
        self._servers: dict[str, tuple[BaseWSGIServer, BaseWSGIServer]] = {}
        self._refusals: list[dict[str, Any]] = []
        self._requests: list[dict[str, str]] = []
        self._lock = threading.Lock()
        self.types: tuple[ResourceType, ...] = (
            Plans(),
            Sites(self),
            Settings(self),
            Keys(self),
        )

    def answer(self, request: Request) -> Response | None:
        """Answer what is about apps, and is not kept by Resource Manager."""
        if request.path == "/rig/functions/refusals":
            self._refusals = request.get_json()
            return json_answer(200, {})
        if request.path == "/rig/functions/requests":
            with self._lock:
                found = list(self._requests)
                if request.method == "DELETE":
                    self._requests.clear()
            return json_answer(200, found)
        refusal = self._refusal("manager", request)
        if refusal is not None:
            return refusal
        listing = _FUNCTIONS.fullmatch(request.path)
        if listing is None or request.method != "GET" or not _has_token(request):
            return None
        site = self.site(listing[1])
        if site is None:
            return None
        value = [
            {"id": f"{request.path}/{one['name']}", "name": f"{site.name}/{one['name']}"}
            for one in site.listed
        ]
        return json_answer(200, {"value": value})

    def close(self) -> None:
        """End all processes; the servers end with this one."""
        for site in self._sites.values():
            site.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def site(self, name: str) -> Site | None:
        """Return an app; names have no case."""
        return self._sites.get(name.lower())

    def made(self, name: str) -> Site:
        """Return an app, which is made where it is missing, and its hosts with it."""
        found = self.site(name)
        if found is not None:
            return found
        directory = self._directory / name.lower()
        directory.mkdir()
        site = Site(name, directory, self._directory / "images", self._identity)
        self._sites[name.lower()] = site
        self._servers[name.lower()] = (
            self._served(lambda request: self._refusal("app", request) or site.answer(request)),
            self._served(lambda request: self._refusal("scm", request) or self._scm(site, request)),
        )
        return site

    def ports(self, name: str) -> tuple[int, int]:
        """Return the ports of an app and of its SCM site."""
        app, scm = self._servers[name.lower()]
        return app.server_port, scm.server_port

    def remove(self, name: str) -> None:
        """Forget an app."""
        site = self._sites.pop(name.lower(), None)
        if site is not None:
            for server in self._servers.pop(name.lower()):
                server.shutdown()
                server.server_close()
            site.close()

    def _served(self, answer: Any) -> BaseWSGIServer:
        def served(environ: Any, start: Any) -> Any:
            request = Request(environ)
            request.get_data()  # whoever refuses a request reads it first
            with self._lock:
                self._requests.append(
                    {"method": request.method, "path": request.path, "host": request.host}
                )
            return answer(request)(environ, start)

        server = make_server("127.0.0.1", 0, served, threaded=True, request_handler=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _refusal(self, host: str, request: Request) -> Response | None:
        with self._lock:
            for one in self._refusals:
                is_meant = one["host"] == host and one["method"] == request.method
                if is_meant and re.fullmatch(one["path"], request.path):
                    self._refusals.remove(one)
                    return Response(one.get("body", ""), one["status"], one.get("headers"))
        return None

    def _scm(self, site: Site, request: Request) -> Response:
        if not _has_token(request):
            return Response(status=401)
        publishing = "/api/publish" if site.is_flex else "/api/zipdeploy"
        if request.method == "POST" and request.path == publishing:
            return self._published(site, request)
        found = _DEPLOYMENT.fullmatch(request.path)
        if found is None or found[1] not in site.deployments:
            return Response(status=404)
        deployment = site.deployments[found[1]]
        if found[2] is None:
            return json_answer(200, {name: deployment[name] for name in ("id", "status")})
        if found[3] is not None:
            return json_answer(200, [{"message": line} for line in deployment["log"][1:]])
        entry = {
            "message": deployment["log"][0],
            "details_url": f"{request.url_root}api/deployments/{deployment['id']}/log/1",
        }
        return json_answer(200, [entry])

    def _published(self, site: Site, request: Request) -> Response:
        package = request.get_data()
        if site.is_flex:
            builds = request.args.get("RemoteBuild") == "true"
            problem = self._stored(site, package)
            return json_answer(202, site.deploy(package, problem, builds=builds))
        builds = site.settings.get("SCM_DO_BUILD_DURING_DEPLOYMENT") == "true"
        answer = Response(status=202)
        answer.headers["SCM-DEPLOYMENT-ID"] = site.deploy(package, None, builds=builds)
        return answer

    def _stored(self, site: Site, package: bytes) -> str | None:
        """Keep the code in the app's container, as its identity may; return why it may not."""
        config = site.body["properties"]["functionAppConfig"]
        account, _, container = config["deployment"]["storage"]["value"].rpartition("/")
        scope = f"/containers/{container}/"
        rights = [
            one["properties"]["roleDefinitionId"].rpartition("/")[2]
            for one in self.resources.of_type("Microsoft.Authorization/roleAssignments")
            if scope in one["id"] and one["properties"]["principalId"] == site.principal
        ]
        if not set(rights).intersection(_WRITERS):
            return f"AuthorizationPermissionMismatch: may not write to the container {container}"
        blobs = BlobServiceClient(account, credential=os.environ["AZURE_STORAGE_KEY"])
        blob = blobs.get_blob_client(container, "released-package.zip")
        blob.upload_blob(package, overwrite=True)
        return None


def _has_token(request: Request) -> bool:
    return str(claims_in(request).get("aud", "")).rstrip("/") in AUDIENCES
