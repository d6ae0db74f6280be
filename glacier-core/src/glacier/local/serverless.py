"""Functions on this machine: called in this process, with JSON on both sides as anywhere else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glacier.adapters import ServerlessAdapter
from glacier.errors import FunctionError
from glacier.local.function_package import build_package
from glacier.resources.handler import resolve_handler
from glacier.resources.payload import decoded, encoded


class LocalServerlessAdapter(ServerlessAdapter):
    """Calls the handler in this process."""

    def package(self) -> Path:
        """Build a zip with the handler's module, or with its whole top-level package.

        Raises:
            FunctionError: The handler has no module of its own, as a lambda or a notebook's cell.
        """
        function = self.resource
        return build_package(function.function_name, function.handler, function.runtime)

    def deploy(self) -> None:
        """Check that the handler can be found; there is nothing else to deploy to.

        Raises:
            FunctionError: It can't be.
        """
        resolve_handler(self.resource.function_name, self.resource.handler)

    def invoke(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call the handler with a copy of the payload that went through JSON.

        Raises:
            PayloadError: The payload or the answer is not a JSON object.
            FunctionError: The handler can't be found, or it raised; its error is the cause.
        """
        name = self.resource.function_name
        sent = encoded(payload, what=f"the payload of {name!r}")
        handler = resolve_handler(name, self.resource.handler)
        event = decoded(sent, what=f"the payload of {name!r}")
        try:
            answer = handler(event)
        except (Exception, SystemExit) as error:  # a user's handler may raise anything
            raise FunctionError(
                f"The function {name!r} failed: {type(error).__name__}: {str(error).rstrip('.')}. "
                "The cause of this error has the handler's own traceback.",
                function_name=name,
                error_type=type(error).__name__,
            ) from error
        what = f"the answer of {name!r}"
        return decoded(encoded({} if answer is None else answer, what=what), what=what)
