"""What Resource Manager knows of function apps: plans, sites, app settings and keys."""

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from tests.rigs.azure.resources import Body, RefusedError
from tests.rigs.planes import json_answer

if TYPE_CHECKING:
    from tests.rigs.azure.function_apps import FunctionApps

_NOT_ON_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_RUN_FROM_PACKAGE",
}


class Plans:
    """Plans of apps."""

    kind = "Microsoft.Web/serverfarms"
    created_status = 200

    def put(self, resource_id: str, body: Body) -> Body:
        return body

    def deleted(self, resource_id: str) -> None:
        pass

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        return None


class Sites:
    """Function apps, each with its hosts."""

    kind = "Microsoft.Web/sites"
    created_status = 200

    def __init__(self, apps: "FunctionApps") -> None:
        self._apps = apps

    def put(self, resource_id: str, body: Body) -> Body:
        name = resource_id.rpartition("/")[2]
        plan = self._apps.resources.find(body["properties"]["serverFarmId"])
        if plan is None:
            raise RefusedError(404, "NotFound", "Cannot find the app's ServerFarm.")
        is_flex = plan["sku"]["name"] == "FC1"
        if is_flex != ("functionAppConfig" in body["properties"]):
            raise RefusedError(400, "BadRequest", "functionAppConfig does not fit the plan.")
        site = self._apps.made(name)
        app, scm = self._apps.ports(name)
        states = [
            {"name": f"127.0.0.1:{app}", "hostType": "Standard"},
            {"name": f"127.0.0.1:{scm}", "hostType": "Repository"},
        ]
        properties = {"defaultHostName": f"127.0.0.1:{app}", "hostNameSslStates": states}
        site.body = {**body, "properties": {**body["properties"], **properties}}
        if body.get("identity", {}).get("type") == "SystemAssigned":
            site.body["identity"] = {**body["identity"], "principalId": site.principal}
        return site.body

    def deleted(self, resource_id: str) -> None:
        self._apps.remove(resource_id.rpartition("/")[2])

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        site = self._apps.site(resource_id.rpartition("/")[2])
        assert site is not None
        if name == "host/default/listkeys":
            keys = {"functionKeys": {"default": site.keys["default"]}, "systemKeys": {}}
            return json_answer(200, {"masterKey": site.keys["master"], **keys})
        if name == "config/appsettings/list":
            return json_answer(200, {"properties": site.settings})
        if name == "syncfunctiontriggers":
            site.list_functions()
            return Response(status=204)
        return None


class Settings:
    """App settings, which a request replaces."""

    kind = "Microsoft.Web/sites/config"
    created_status = 200

    def __init__(self, apps: "FunctionApps") -> None:
        self._apps = apps

    def put(self, resource_id: str, body: Body) -> Body:
        site = self._apps.site(resource_id.split("/")[-3])
        if site is None:
            raise RefusedError(404, "ResourceNotFound", "There is no such site.")
        wrong = sorted(_NOT_ON_FLEX.intersection(body["properties"])) if site.is_flex else []
        if wrong:
            said = f"Not allowed on Flex Consumption sites: {', '.join(wrong)}."
            raise RefusedError(400, "BadRequest", said)
        site.set(dict(body["properties"]))
        return body

    def deleted(self, resource_id: str) -> None:
        pass

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        return None


class Keys:
    """Keys of apps, which can be renewed."""

    kind = "Microsoft.Web/sites/host/functionKeys"

    def __init__(self, apps: "FunctionApps") -> None:
        self._apps = apps

    def put(self, resource_id: str, body: Body) -> Body:
        *_, name, _, _, _, key = resource_id.split("/")
        site = self._apps.site(name)
        assert site is not None
        site.keys[key] = body["properties"]["value"]
        return body

    def deleted(self, resource_id: str) -> None:
        pass

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        return None
