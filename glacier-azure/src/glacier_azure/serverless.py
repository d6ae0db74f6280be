"""Functions on Azure Functions, each an app of its own."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glacier.adapters import ServerlessAdapter
from glacier.drift import Difference
from glacier_azure.function.call import call_function
from glacier_azure.function.deployment import FunctionDeployment
from glacier_azure.function.errors import function_errors
from glacier_azure.function.package import build_package

if TYPE_CHECKING:
    from glacier.resources.schedules import Cron
    from glacier.terraform import Block, Estate


class AzureFunctionAdapter(ServerlessAdapter):
    """Handlers travel as a zip of sources, to which Azure itself installs what they need."""

    def schedule_of(self, cron: "Cron") -> str:
        """Return a schedule as Azure has it, with seconds before cron's fields."""
        return f"0 {cron}"

    def package(self) -> Path:
        """Build the zip: the handler's sources, what calls them, and a list of requirements.

        The same sources and requirements give the same bytes.

        Raises:
            FunctionError: The handler has no module of its own, Azure does not have the runtime,
                or a file holds a secret.
        """
        return build_package(self.resource)

    def deploy(self) -> None:
        """Make the app, or update in place what differs, and wait until its function is there.

        Raises:
            FunctionError: It can't be packaged or built, or Azure refuses.
            ConfigError: The provider's config names no subscription or no storage account.
        """
        with self.packaged() as package, function_errors(self.resource, "deployed"):
            FunctionDeployment(self.resource, package).run()

    def drift(self) -> Iterable[Difference]:
        """Return where the app, its code among it, differs from what it has to be.

        Raises:
            FunctionError: It can't be packaged, or Azure refuses to tell.
            ConfigError: As in `deploy`.
        """
        with self.packaged() as package, function_errors(self.resource, "compared"):
            return tuple(FunctionDeployment(self.resource, package).drift())

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the app, and what it needs, as blocks of Terraform; its code is deployed apart."""
        from glacier_azure.terraform.function import function_blocks

        return function_blocks(estate, self.resource)

    def invoke(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function and wait for its answer, for at most 230 seconds.

        A call that may have been carried out is never repeated.

        Raises:
            PayloadError: The payload or the answer is no JSON object, or the payload over 100 MB.
            FunctionError: The handler raised: `error_type` and `remote_traceback` say what. Or it
                timed out, died, is not there, is throttled, or may not be called.
            ConfigError: The provider's config names no subscription.
        """
        with function_errors(self.resource, "called"):
            return call_function(self.resource, payload)
