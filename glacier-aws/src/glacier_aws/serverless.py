"""Functions on Lambda."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glacier.adapters import ServerlessAdapter
from glacier.drift import Difference
from glacier_aws.function.call import call_function
from glacier_aws.function.deployment import FunctionDeployment
from glacier_aws.function.drift import function_drift
from glacier_aws.function.errors import lambda_errors
from glacier_aws.function.package import build_package
from glacier_aws.function.schedule import eventbridge_cron

if TYPE_CHECKING:
    from glacier.resources.schedules import Cron
    from glacier.terraform import Block, Estate


class LambdaAdapter(ServerlessAdapter):
    """Handlers travel as a zip with their wheels, through the provider's staging bucket."""

    def schedule_of(self, cron: "Cron") -> str:
        """Return a schedule as EventBridge has it: with a year, and weekdays from 1 on."""
        return eventbridge_cron(cron)

    def package(self) -> Path:
        """Build the zip: the handler's sources, what they import, and wheels for the platform.

        The same sources and requirements give the same bytes.

        Raises:
            FunctionError: The handler has no module of its own, a wheel is missing, the runtime is
                no more, a file holds a secret, or the whole is over Lambda's limit.
        """
        return build_package(self.resource)

    def deploy(self) -> None:
        """Create the function, or update in place what differs, and wait until it is active.

        Raises:
            FunctionError: It can't be packaged, or AWS refuses.
            StorageError: The staging bucket can't be written.
        """
        with self.packaged() as package, lambda_errors(self.resource, "deployed"):
            FunctionDeployment(self.resource, package).run()

    def drift(self) -> Iterable[Difference]:
        """Return where the function, its code among it, differs from what it has to be.

        Raises:
            FunctionError: It can't be packaged, or AWS refuses to tell.
        """
        with self.packaged() as package, lambda_errors(self.resource, "compared"):
            return tuple(function_drift(self.resource, package))

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the function, and what it needs, as blocks of Terraform."""
        from glacier_aws.terraform.function import function_blocks

        return function_blocks(estate, self.resource, self.package)

    def invoke(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function and wait for its answer.

        A call that may have been carried out is never repeated.

        Raises:
            PayloadError: The payload or the answer is no JSON object, or over 6 MB.
            FunctionError: The handler raised: `error_type` and `remote_traceback` say what. Or it
                timed out, died, is not there, is throttled, or may not be called.
        """
        with lambda_errors(self.resource, "called"):
            return call_function(self.resource, payload)
