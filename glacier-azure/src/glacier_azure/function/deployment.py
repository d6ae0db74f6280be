"""Makes a function app what its config says, by no more requests than that takes."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from azure.core.exceptions import HttpResponseError
from azure.mgmt.web import WebSiteManagementClient

from glacier.differences import is_met
from glacier.drift import Difference, differences, missing, variables
from glacier.errors import FunctionError
from glacier.pauses import pauses
from glacier_azure.function.errors import error_code
from glacier_azure.function.publishing import Publishing
from glacier_azure.function.request import (
    AGAINST_SCHEDULE,
    DIGEST_TAG,
    OWN_SETTINGS,
    ROUTE,
    TIMER,
    app_settings,
    config_of,
    is_flex,
    plan_request,
    site_request,
)
from glacier_azure.function.roles import ensure_containers, ensure_roles
from glacier_azure.function.web import entrances, hosts_of
from glacier_azure.management import management_client, subscription_of
from glacier_azure.session import session_of

if TYPE_CHECKING:
    from azure.mgmt.web.models import Site

    from glacier.resources import Serverless
    from glacier_azure.config import AzureConfig

T = TypeVar("T")
Body = dict[str, Any]
"""The body of a request, which the SDK takes beside its models."""

ROLES_SECONDS = 300.0
"""How long is waited for new roles to be known everywhere."""

LISTED_SECONDS = 120.0
"""How long is waited for the functions of new code to be listed."""

_SIGNS_OF_NO_RIGHTS = ("AuthorizationPermissionMismatch", "AuthorizationFailure", "not authorized")


class FunctionDeployment:
    """One deployment of a function.

    Args:
        function: The function.
        package: Its zip.
    """

    def __init__(self, function: "Serverless", package: Path) -> None:
        self._function = function
        self._package = package.read_bytes()
        self._name = function.function_name
        self._session = session_of(cast("AzureConfig", function.provider.config))
        self._group = self._session.config.resource_group
        client = management_client(self._session, WebSiteManagementClient)
        self._apps, self._plans = client.web_apps, client.app_service_plans

    def run(self) -> None:
        """Make the app or update it in place, and wait until its function can be called.

        Raises:
            AzureError: Azure refuses, can't be reached, or does not answer.
            ConfigError: The config names no subscription or no storage account.
            FunctionError: The code can't be deployed.
        """
        account = self._session.account
        settings = app_settings(self._function, account)
        wanted = site_request(self._function, self._plan_id, account.endpoint)
        ensure_containers(self._function, self._session)
        self._settle_plan()
        digest = hashlib.sha256(self._package).hexdigest()
        site, wanted = self._settled_site(wanted, digest)
        self._settle_settings(settings)
        identity = site.identity
        principal = str(identity.principal_id) if identity is not None else ""
        has_new_roles = ensure_roles(self._function, self._session, principal)
        if (site.tags or {}).get(DIGEST_TAG) == digest:
            return
        self._publish(site, has_new_roles=has_new_roles)
        self._wait_until_listed()
        wanted["tags"] = {**wanted["tags"], DIGEST_TAG: digest}
        self._put_site(wanted)
        entrances.forget(self._session, self._name)

    def drift(self) -> Iterator[Difference]:
        """Yield where the app, its plan, its settings and its code differ.

        Raises:
            AzureError: Azure refuses, can't be reached, or does not answer.
            ConfigError: The config names no subscription or no storage account.
        """
        thing, account = f"function app {self._name!r}", self._session.account
        plan = _unless_missing(lambda: self._plans.get(self._group, self._name))
        site = _unless_missing(lambda: self._apps.get(self._group, self._name))
        if plan is None or site is None:
            yield missing(thing)
            return
        known = site.as_dict()
        yield from differences(thing, self._wanted_plan({}), plan.as_dict())
        wanted = site_request(self._function, self._plan_id, account.endpoint)
        wanted = _with_identities_of_others(wanted, known)
        yield from differences(thing, _comparable(wanted), _comparable(known))
        answer = self._apps.list_application_settings(self._group, self._name)
        settings, there = app_settings(self._function, account), dict(answer.properties or {})
        ours = {*settings, *self._against_schedule(settings)}
        own = {name: value for name, value in there.items() if name in ours}
        yield from variables(thing, "app settings", settings, own)
        code = {"code": hashlib.sha256(self._package).hexdigest()}
        yield from differences(thing, code, {"code": (known.get("tags") or {}).get(DIGEST_TAG)})

    @property
    def _plan_id(self) -> str:
        return (
            f"/subscriptions/{subscription_of(self._session)}/resourceGroups/{self._group}"
            f"/providers/Microsoft.Web/serverfarms/{self._name}"
        )

    def _settle_plan(self) -> None:
        """Make the app's plan, or bring it up to date."""
        wanted = plan_request(self._function)
        found = _unless_missing(lambda: self._plans.get(self._group, self._name))
        known = {} if found is None else found.as_dict()
        sku = known.get("sku", {}).get("name")
        if found is not None and not _is_same_kind(sku, wanted["sku"]["name"]):
            raise FunctionError(
                f"The function {self._name!r} has plan={config_of(self._function).plan!r} in its "
                f"AzureFunctionConfig, and its app is on the plan {sku!r}, which it can't leave. "
                "Delete the app and its plan, or deploy it under another name.",
                function_name=self._name,
            )
        wanted["tags"] = {**(known.get("tags") or {}), **wanted["tags"]}
        if found is None or not is_met(self._wanted_plan(wanted["tags"]), known):
            body = cast("Any", wanted)
            self._plans.begin_create_or_update(self._group, self._name, body).result()

    def _wanted_plan(self, tags: Mapping[str, str]) -> Body:
        """Return what a plan that is there is to be like."""
        wanted = plan_request(self._function)
        sku = {"name": wanted["sku"]["name"]}
        compared = {**wanted, "sku": sku, "tags": {**tags, **wanted["tags"]}}
        # Azure tells locations in words of its own, such as `East US`.
        return _without(compared, "location", "kind")

    def _settled_site(self, wanted: Body, digest: str) -> "tuple[Site, Body]":
        """Return the app, made or brought up to date, and what it was wanted to be.

        Tags and identities that others have given it stay, and so does the tag of the code, if it
        is of this one: whatever becomes of a deployment, the app is not to be taken for one that
        runs the code before.
        """
        found = _unless_missing(lambda: self._apps.get(self._group, self._name))
        if found is None:
            return self._put_site(wanted), wanted
        known = found.as_dict()
        tags = {**(known.get("tags") or {}), **wanted["tags"]}
        wanted = _with_identities_of_others(wanted, known)
        is_of_other_code = tags.get(DIGEST_TAG, digest) != digest
        whole = {**wanted, "tags": _without(tags, DIGEST_TAG) if is_of_other_code else tags}
        if not is_of_other_code and is_met(_comparable(whole), _comparable(known)):
            return found, whole
        return self._put_site(whole), whole

    def _put_site(self, wanted: Body) -> "Site":
        body = cast("Any", wanted)
        found: Site = self._apps.begin_create_or_update(self._group, self._name, body).result()
        return found

    def _settle_settings(self, wanted: Mapping[str, str]) -> None:
        """Set what differs; the request replaces all settings, so that those of others are sent."""
        answer = self._apps.list_application_settings(self._group, self._name)
        known = dict(answer.properties or {})
        formerly = set(known.get(OWN_SETTINGS, "").split(","))
        formerly.update(self._against_schedule(wanted))
        kept = {name: value for name, value in known.items() if name not in formerly}
        whole = {**kept, **wanted}
        if whole != known:
            body = cast("Any", {"properties": whole})
            self._apps.update_application_settings(self._group, self._name, body)

    def _against_schedule(self, wanted: Mapping[str, str]) -> set[str]:
        """Return the settings that nobody may make beside the config, where it has a schedule."""
        has_schedule = config_of(self._function).schedule is not None
        return set(AGAINST_SCHEDULE).difference(wanted) if has_schedule else set()

    def _publish(self, site: "Site", *, has_new_roles: bool) -> None:
        """Deploy the code, again while roles that were just assigned are not known yet."""
        scm = hosts_of(self._session, site).scm
        publishing = Publishing(self._function, self._session, scm)
        for since in pauses(ROLES_SECONDS):
            try:
                publishing.run(self._package, is_flex=is_flex(self._function))
            except FunctionError as error:
                lacks_rights = any(sign in str(error) for sign in _SIGNS_OF_NO_RIGHTS)
                if not (has_new_roles and lacks_rights) or since >= ROLES_SECONDS:
                    raise
            else:
                return

    def _wait_until_listed(self) -> None:
        """Have Azure look for the functions in the code, and wait until it lists them."""
        wanted = {ROUTE, *([TIMER] if config_of(self._function).schedule is not None else [])}
        for _ in pauses(LISTED_SECONDS):
            try:
                self._apps.sync_function_triggers(self._group, self._name)
                listed = self._apps.list_functions(self._group, self._name)
                found = {str(one.name).rpartition("/")[2] for one in listed}
            except HttpResponseError as error:
                # The app restarts with its new code.
                if error_code(error) != "BadRequest" and (error.status_code or 0) < 500:
                    raise
                continue
            if found == wanted:
                return
        raise FunctionError(
            f"The code of the function {self._name!r} is deployed, and after "
            f"{LISTED_SECONDS:.0f} seconds its app does not list {', '.join(sorted(wanted))}. Look "
            "into the app's log: it says why function_app.py can't be loaded.",
            function_name=self._name,
        )


def _comparable(site: Mapping[str, Any]) -> Body:
    """Return what of a site can be compared: Azure tells its location and ids in its own way."""
    found = _without(site, "location")
    properties = _without(site.get("properties", {}), "serverFarmId")
    return {**found, "properties": properties}


def _with_identities_of_others(wanted: Body, known: Mapping[str, Any]) -> Body:
    """Return what an app is wanted to be, with the identities that somebody has assigned to it.

    What a request leaves out goes.
    """
    assigned = (known.get("identity") or {}).get("userAssignedIdentities") or {}
    if not assigned or "userAssignedIdentities" in wanted["identity"]:
        return wanted
    kind = "SystemAssigned, UserAssigned"
    identity = {"type": kind, "userAssignedIdentities": {one: {} for one in assigned}}
    return {**wanted, "identity": {**wanted["identity"], **identity}}


def _is_same_kind(known: object, wanted: str) -> bool:
    return str(known).startswith("FC") == wanted.startswith("FC")


def _without(body: Mapping[str, Any], *names: str) -> Body:
    return {name: value for name, value in body.items() if name not in names}


def _unless_missing(ask: Callable[[], T]) -> T | None:
    """Return what Azure says of a thing; None if it says that there is none."""
    try:
        return ask()
    except HttpResponseError as error:
        if error.status_code != 404 or error_code(error) == "ResourceGroupNotFound":
            raise
        return None
