"""A serverless function: a handler that takes a JSON object and returns one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from glacier.resources.base import ConfigArgument, Resource
from glacier.scope import current_scope

if TYPE_CHECKING:
    from glacier.adapters import ServerlessAdapter
    from glacier.provider import Provider

Handler: TypeAlias = "Callable[[dict[str, Any]], dict[str, Any] | None]"


class Serverless(Resource):
    """A function that a platform runs on demand.

    Made by `Provider.serverless`, whose documentation has the arguments.

    Attributes:
        function_name: The function's name on its platform.
        handler: A callable, or where one is found as `module:function`.
        runtime: The language runtime, such as `python3.11`.
    """

    def __init__(
        self,
        function_name: str,
        handler: "Handler | str",
        runtime: str = "python3.11",
        provider: "Provider | None" = None,
        config: ConfigArgument = None,
        name: str | None = None,
    ) -> None:
        self.function_name = function_name
        self.handler = handler
        self.runtime = runtime
        super().__init__(provider, config, name)

    def invoke(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function and return its answer.

        The payload and the answer cross JSON on every platform, this process included.

        Raises:
            PayloadError: The payload or the answer is not a JSON object.
            FunctionError: The handler raised; its own error is the cause where it is at hand.
        """
        scope = current_scope.get()
        if scope is not None:
            scope.before_effect(f"invoke {self!r}")
        return self.adapter.invoke(payload)

    def package(self) -> Path:
        """Return the path of a new archive with the handler's code, as `deploy()` uploads it."""
        return self.adapter.package()

    @property
    def adapter(self) -> "ServerlessAdapter":
        """The adapter that serves this function."""
        return cast("ServerlessAdapter", self._get_adapter())

    def _generate_name(self) -> str:
        return self.function_name

    def __repr__(self) -> str:
        return f"Serverless({self.function_name!r})"
