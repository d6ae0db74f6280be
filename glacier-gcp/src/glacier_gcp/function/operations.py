"""Requests to Cloud Functions, whose work goes on after they are answered."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from google.api_core.exceptions import Conflict, NotFound
from google.cloud.functions_v2 import (
    Function,
    FunctionServiceClient,
    GenerateUploadUrlRequest,
    StateMessage,
)

from glacier.errors import FunctionError
from glacier.pauses import pauses
from glacier_gcp.function.calls import caller_of
from glacier_gcp.function.messages import Body, message_of
from glacier_gcp.function.request import full_name, parent_of
from glacier_gcp.http import send

if TYPE_CHECKING:
    from google.api_core.operation import Operation

    from glacier.resources import Serverless
    from glacier_gcp.session import GcpSession

DEPLOY_SECONDS = 1800.0
"""How long is waited for the build and the start of a function."""

BUSY_SECONDS = 900.0
"""How long is waited for another change of a function to end."""

_ACTIVE = Function.State.ACTIVE
_UNDER_WAY = {Function.State.DEPLOYING, Function.State.DELETING}
_ALREADY_EXISTS = 6  # https://cloud.google.com/apis/design/errors
_ERROR = StateMessage.Severity.ERROR


class Operations:
    """Makes and changes one function, and waits for the verdict each time.

    Args:
        function: The function.
        session: Who does it.
    """

    def __init__(self, function: "Serverless", session: "GcpSession") -> None:
        self._function = function
        self._session = session
        self._client = session.client(FunctionServiceClient)
        self._given: Any = {
            "retry": session.retry,
            "timeout": session.config.read_timeout_seconds,
        }

    def found(self) -> Function | None:
        """Return the function as it is, once no change of it goes on; None where there is none.

        Raises:
            GoogleAPIError: Google refuses.
            FunctionError: A change of it does not end.
        """
        for _ in pauses(BUSY_SECONDS):
            try:
                known = self._client.get_function(name=full_name(self._function), **self._given)
            except NotFound:
                return None
            if known.state not in _UNDER_WAY:
                return known
        raise self._error(f"another change of it has not ended after {BUSY_SECONDS:.0f} seconds")

    def uploaded(self, package: bytes) -> Body:
        """Hand a zip over, and return its place as the source of a function.

        Raises:
            GoogleAPIError: Google refuses.
            NoAnswerError: It can't be reached.
        """
        request = GenerateUploadUrlRequest(parent=parent_of(self._function), environment="GEN_2")
        answer = self._client.generate_upload_url(request, **self._given)
        send(
            self._session,
            "PUT",
            answer.upload_url,
            through=caller_of(self._session).http,  # the address is signed, and takes no identity
            data=package,
            headers={"Content-Type": "application/zip"},
        )
        source = answer.storage_source
        place = {"bucket": source.bucket, "object": source.object_}
        number = {"generation": str(source.generation)} if source.generation else {}
        return {"storageSource": {**place, **number}}

    def create(self, wanted: Mapping[str, Any]) -> None:
        """Make the function.

        Raises:
            Conflict: It is there already.
            GoogleAPIError: Google refuses.
            FunctionError: It can't be built or started.
        """
        operation = self._client.create_function(
            parent=parent_of(self._function),
            function=message_of(self._function, Function, wanted),
            function_id=self._function.function_name,
            **self._given,
        )
        self._wait(operation, is_first=True)

    def update(
        self, wanted: Mapping[str, Any], paths: Iterable[str], *, revision: str = ""
    ) -> Function:
        """Change some fields of the function.

        Args:
            wanted: The function as it has to be.
            paths: The fields, as an update's mask has them.
            revision: Another one than this is left as it is, once somebody else's change has come
                in between; any may be changed where it is empty.

        Returns:
            The function as it then is.

        Raises:
            GoogleAPIError: Google refuses.
            FunctionError: It can't be built or started.
        """
        mask: Any = {"paths": sorted(paths)}
        named = {**wanted, "name": full_name(self._function)}
        function = message_of(self._function, Function, named)
        for _ in pauses(BUSY_SECONDS):
            try:
                operation = self._client.update_function(
                    function=function, update_mask=mask, **self._given
                )
            except Conflict as error:  # with another change, or this one, whose answer was lost
                conflict = error
                known = self.found()
                if known is not None and revision not in {"", known.service_config.revision}:
                    return known
            else:
                return self._wait(operation)
        raise conflict

    def _wait(self, operation: "Operation", *, is_first: bool = False) -> Function:
        """Return the function that an operation has made; Google may tell late that one is there.

        Raises:
            Conflict: It is there already, and this was to be the first.
        """
        name = operation.operation.name
        for _ in pauses(DEPLOY_SECONDS):
            found = self._client.get_operation({"name": name}, **self._given)
            if not found.done:
                continue
            if not found.HasField("error"):
                return cast("Function", Function.deserialize(found.response.value))
            if is_first and found.error.code == _ALREADY_EXISTS:
                raise Conflict(found.error.message)
            raise self._failed(str(found.error.message))
        raise self._error(f"it has not come to an end after {DEPLOY_SECONDS:.0f} seconds ({name})")

    def _failed(self, said: str) -> FunctionError:
        """Return the error of an operation that failed, with what the function says of it."""
        try:
            known = self._client.get_function(name=full_name(self._function), **self._given)
        except NotFound:
            told = []
        else:
            told = [one.message for one in known.state_messages if one.severity == _ERROR]
        log = "\n".join([said, *(one for one in told if one not in said)])
        return self._error(f"{said.strip()}{_lines(log.splitlines()[1:])}", log)

    def _error(self, problem: str, log: str = "") -> FunctionError:
        name = self._function.function_name
        return FunctionError(
            f"The function {name!r} could not be deployed: {problem.rstrip('. ')}. What has been "
            "done already stays; deploy it again once that is mended.",
            function_name=name,
            log=log,
        )


def is_sound(function: Function) -> bool:
    """Return whether a function runs what it was last told to."""
    has_error = any(one.severity == _ERROR for one in function.state_messages)
    return function.state == _ACTIVE and not has_error


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"\n    {line}" for line in lines if line.strip())
