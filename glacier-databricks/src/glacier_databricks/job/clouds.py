"""The clouds that host workspaces: which one a provider is of, and what its clusters are told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glacier.errors import ConfigError

if TYPE_CHECKING:
    from glacier.config import ProviderConfig
    from glacier.resources import Executor


@dataclass(frozen=True, slots=True)
class Cloud:
    """What differs between the clouds that host a workspace.

    Attributes:
        config: The name of the provider's config there.
        instance_type: The machine where none is chosen: 4 cores with 16 GB.
        attributes: The field of a cluster that is this cloud's own.
        wanted: What that field is set to.
        volumes: What it says besides where machines have no disk of their own.
        has_disk: How the types of machines begin that have one.
    """

    config: str
    instance_type: str
    attributes: str
    wanted: Mapping[str, Any]
    volumes: Mapping[str, Any] = field(default_factory=dict)
    has_disk: re.Pattern[str] = re.compile("")

    def volumes_of(self, instance_type: str) -> Mapping[str, Any]:
        """Return the volumes that machines of a type need, by the names of the API's fields."""
        return {} if self.has_disk.match(instance_type) else self.volumes


CLOUDS = (
    Cloud(
        "AwsConfig",
        "m5.xlarge",
        "aws_attributes",
        {"availability": "ON_DEMAND", "zone_id": "auto"},
        # Databricks refuses machines without any disk; 100 GiB are the fewest that it takes.
        {"ebs_volume_type": "GENERAL_PURPOSE_SSD", "ebs_volume_count": 1, "ebs_volume_size": 100},
        re.compile(r"[a-z]+\d+[a-z]*d|i(?!nf)|d\d|h1|x1|[cmr]3\.|g5\.|g6|gr6|p5"),
    ),
    Cloud(
        "AzureConfig",
        "Standard_D4s_v3",
        "azure_attributes",
        {"availability": "ON_DEMAND_AZURE"},
    ),
    Cloud("GcpConfig", "n2-standard-4", "gcp_attributes", {"availability": "ON_DEMAND_GCP"}),
)
"""The clouds that Databricks runs on."""


def cloud_of(provider: "ProviderConfig") -> Cloud:
    """Return the cloud that hosts the workspace: the provider's.

    Raises:
        ConfigError: Databricks does not run there.
    """
    names = {kind.__name__ for kind in type(provider).__mro__}
    found = next((one for one in CLOUDS if one.config in names), None)
    if found is None:
        raise ConfigError(
            f"Databricks runs on AWS, Azure and Google Cloud, and this provider is of "
            f"{type(provider).__name__}. Make the executor with a provider of one of "
            f"{', '.join(one.config for one in CLOUDS)}."
        )
    return found


def check_executor(executor: "Executor") -> None:
    """Refuse an executor whose provider is of no cloud that Databricks runs on.

    Raises:
        ConfigError: It is of another platform.
    """
    cloud_of(executor.provider.config)
