"""Makes a Cloud Function what its config says, by no more requests than that takes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import Conflict
from google.cloud.functions_v2 import Function

from glacier.access import declared_access
from glacier_gcp.accounts import Account, ensure_account, ensure_bucket_roles
from glacier_gcp.function.calls import entrances
from glacier_gcp.function.differences import changed_fields, labels_for
from glacier_gcp.function.messages import Body, message_of, told
from glacier_gcp.function.operations import Operations, is_sound
from glacier_gcp.function.request import (
    INVOKER,
    PACKAGE_LABEL,
    account_id_of,
    config_of,
    digest_of,
    function_request,
    provider_config_of,
)
from glacier_gcp.function.schedule import check_schedule, settle_schedule
from glacier_gcp.iam import bucket_bindings
from glacier_gcp.policies import change_policy, with_members
from glacier_gcp.session import session_of

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier_gcp.policies import Entry

RUN_ENDPOINT = "https://run.googleapis.com"


class FunctionDeployment:
    """One deployment of a function.

    Args:
        function: The function.
        package: Its zip.
    """

    def __init__(self, function: "Serverless", package: Path) -> None:
        self._function = function
        self._package = package.read_bytes()
        self._digest = digest_of(self._package)
        self._session = session_of(provider_config_of(function))
        self._operations = Operations(function, self._session)
        self._account = Account(config_of(function).service_account or "")

    def run(self) -> None:
        """Make the function or update it in place, and wait until it can be called.

        Raises:
            GoogleAPIError: Google refuses.
            NoAnswerError: It can't be reached.
            FunctionError: The function can't be built or started.
            ObjectNotFoundError: A bucket is missing to which it needs rights.
        """
        wanted = function_request(self._function)
        message_of(self._function, Function, wanted)  # before anything is made
        check_schedule(self._function)
        if not self._account.email:
            self._account = self._own_account()
        found = self._operations.found()
        made = None if found is None else self._updated(wanted, found)
        made = made or self._created(wanted)
        self._settle_invokers(made.service_config.service)
        settle_schedule(self._function, self._session, made.service_config.uri)

    def _own_account(self) -> Account:
        """Return an account for this function alone, made or brought up to date."""
        name, provider = self._function.function_name, self._function.provider
        account = ensure_account(
            self._session, account_id_of(self._function), f"Runs the function {name}"
        )
        if account.is_own:
            access = declared_access(provider, "deploy() knows of no pipeline")
            ensure_bucket_roles(account, bucket_bindings(access))
        return account

    def _created(self, wanted: Body) -> Function:
        labels = {**wanted["labels"], PACKAGE_LABEL: self._digest}
        whole = self._with_source({**wanted, "labels": labels})
        try:
            self._account.once_known(lambda: self._operations.create(whole))
        except Conflict:
            # By another process just now, or by a request of this one whose answer was lost.
            found = self._operations.found()
            if found is None:
                raise
            return self._updated(wanted, found)
        return self._now()

    def _updated(self, wanted: Body, found: Function) -> Function:
        """Update what differs in the function.

        New code gets its label last, and only while it is what runs: a function whose update
        failed may run the code before, and another process may have deployed its own since.
        """
        known = told(found)
        labels = labels_for(wanted, known, self._digest)
        paths = changed_fields(wanted, known)
        is_same = labels.get(PACKAGE_LABEL) == self._digest
        if labels != known["labels"]:
            paths.append("labels")
        wanted = {**wanted, "labels": labels}
        if not is_same or not is_sound(found):  # a build that failed left nothing to set up
            wanted = self._with_source(wanted)
            paths.append("build_config.source")
        if not paths:
            return found
        made = self._account.once_known(lambda: self._operations.update(wanted, paths))
        if not is_same:
            marked = {"labels": {**labels, PACKAGE_LABEL: self._digest}}
            self._operations.update(marked, ["labels"], revision=made.service_config.revision)
        return self._now()

    def _with_source(self, wanted: Body) -> Body:
        source = self._operations.uploaded(self._package)
        return {**wanted, "buildConfig": {**wanted["buildConfig"], "source": source}}

    def _now(self) -> Function:
        entrances.forget(self._session, self._function.function_name)
        found = self._operations.found()
        assert found is not None
        return found

    def _settle_invokers(self, service: str) -> None:
        """Let those call the function who have to; others who may stay."""
        config = config_of(self._function)
        members = {*config.invokers, *self._caller()}
        if config.schedule is not None:
            members.add(self._account.member)
        if not members:
            return
        place = f"{self._session.endpoint or RUN_ENDPOINT}/v2/{service}"
        is_changed = False

        def change(known: "list[Entry]") -> "list[Entry]":
            nonlocal is_changed
            found = with_members(known, INVOKER, members)
            is_changed = found != known
            return found

        self._account.once_known(
            lambda: change_policy(
                self._session,
                read=("GET", f"{place}:getIamPolicy?options.requestedPolicyVersion=3"),
                write=("POST", f"{place}:setIamPolicy"),
                change=change,
                key="policy",
            )
        )
        if is_changed:
            entrances.note_invokers(self._session, self._function.function_name)

    def _caller(self) -> list[str]:
        """Return whoever deploys, as policies call it; nobody where that can't be told."""
        credentials: Any = self._session.credentials  # Any: not all kinds have an address
        email = getattr(credentials, "service_account_email", None)
        return [f"serviceAccount:{email}"] if email and email != "default" else []
