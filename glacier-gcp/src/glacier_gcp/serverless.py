"""Functions on Cloud Functions of the second generation, each a service of Cloud Run."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glacier.adapters import ServerlessAdapter
from glacier.drift import Difference
from glacier_gcp.function.call import call_function
from glacier_gcp.function.deployment import FunctionDeployment
from glacier_gcp.function.drift import function_drift
from glacier_gcp.function.errors import function_errors
from glacier_gcp.function.package import build_package

if TYPE_CHECKING:
    from glacier.terraform import Block, Estate


class CloudFunctionAdapter(ServerlessAdapter):
    """Handlers travel as a zip of sources, to which Google itself installs what they need."""

    def package(self) -> Path:
        """Build the zip: the handler's sources, what calls them, and a list of requirements.

        The same sources and requirements give the same bytes.

        Raises:
            FunctionError: The handler has no module of its own, Google does not have the runtime,
                or a file holds a secret.
        """
        return build_package(self.resource)

    def deploy(self) -> None:
        """Make the function, or update in place what differs, and wait until it is active.

        Raises:
            FunctionError: It can't be packaged, built or started, or Google refuses.
            ObjectNotFoundError: A bucket is missing to which it needs rights.
        """
        with self.packaged() as package, function_errors(self.resource, "deployed"):
            FunctionDeployment(self.resource, package).run()

    def drift(self) -> Iterable[Difference]:
        """Return where the function, its code among it, differs from what it has to be.

        Raises:
            FunctionError: It can't be packaged, or Google refuses to tell.
        """
        with self.packaged() as package, function_errors(self.resource, "compared"):
            return tuple(function_drift(self.resource, package))

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the function, and what it needs, as blocks of Terraform."""
        from glacier_gcp.terraform.function import function_blocks

        return function_blocks(estate, self.resource, self.package)

    def invoke(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function and wait for its answer.

        A call that may have been carried out is never repeated.

        Raises:
            PayloadError: The payload or the answer is no JSON object, or the payload over 32 MB.
            FunctionError: The handler raised: `error_type` and `remote_traceback` say what. Or it
                timed out, died, is not there, is throttled, or may not be called.
            ConfigError: Google gives no ID tokens to an identity of the config's kind.
        """
        with function_errors(self.resource, "called"):
            return call_function(self.resource, payload)
