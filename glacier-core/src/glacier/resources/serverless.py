"""A serverless function: a handler that takes a JSON object and returns one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, runtime_checkable

from pydantic import ValidationError

from glacier.errors import ConfigError
from glacier.resources.base import ConfigArgument, Resource
from glacier.resources.schedules import cron_in
from glacier.scope import current_scope

if TYPE_CHECKING:
    from glacier.adapters import ServerlessAdapter
    from glacier.provider import Provider

Handler: TypeAlias = "Callable[[dict[str, Any]], dict[str, Any] | None]"


@runtime_checkable
class HasHandler(Protocol):
    """What can be a function's handler by an attribute of that name, as a pipeline can."""

    @property
    def handler(self) -> "Handler":
        """What is called with a payload."""


class Serverless(Resource):
    """A function that a platform runs on demand.

    Made by `Provider.serverless`, whose documentation has the arguments.

    Attributes:
        function_name: The function's name on its platform.
        handler: A callable, or where one is found as `module:function`; a pipeline's own.
        runtime: The language runtime, such as `python3.11`.
    """

    def __init__(
        self,
        function_name: str,
        handler: "Handler | HasHandler | str",
        runtime: str = "python3.11",
        provider: "Provider | None" = None,
        config: ConfigArgument = None,
        name: str | None = None,
    ) -> None:
        self.function_name = function_name
        self.handler: Handler | str = (
            handler.handler if isinstance(handler, HasHandler) else handler
        )
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

    def schedule(self, schedule: str) -> None:
        """Have the platform call the function by itself once it is deployed.

        Args:
            schedule: `cron(0 6 * * *)` with the five fields of cron in UTC for every platform, or
                what the platform itself has.

        Raises:
            ConfigError: It is no schedule, or the platform has none.
        """
        cron = cron_in(schedule)
        own = schedule if cron is None else self.adapter.schedule_of(cron)
        said = self.config
        kinds = (*([] if said is None else [type(said)]), *self.provider.spec_for(self).accepts)
        kind = next((one for one in kinds if "schedule" in one.model_fields), None)
        if kind is None:
            platform = type(self.provider.config).__name__
            raise ConfigError(
                f"Functions on {platform} have no schedule; got {schedule!r}. Deploy "
                f"{self.function_name!r} to a platform that has, or call it yourself."
            )
        fields = () if said is None else said.model_fields_set
        given = {name: getattr(said, name) for name in fields}
        try:
            self.config = kind.model_validate({**given, "schedule": own})
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise ConfigError(
                f"The schedule {schedule!r} is none of {kind.__name__}: {why}."
            ) from error

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
