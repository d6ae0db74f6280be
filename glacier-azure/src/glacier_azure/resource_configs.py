"""The configs of Azure's resources: buckets, functions and executors."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from glacier.config.base import ResourceConfig
from glacier.config.packages import check_requirements
from glacier.overrides import checked_overrides
from glacier_azure.function.schedule import problem_of_schedule
from glacier_azure.storage.rules import LifecycleRule

if TYPE_CHECKING:
    # What may be given; what a config holds are the rules.
    from collections.abc import Mapping, Sequence

    LifecycleRules: TypeAlias = Sequence[LifecycleRule | Mapping[str, Any]]
else:
    LifecycleRules = list[LifecycleRule]

OVERRIDABLE = (
    *("storageAccounts", "blobServices", "containers"),
    *("azurerm_storage_account", "azurerm_storage_container", "azurerm_storage_management_policy"),
)
"""What the overrides of a `BlobConfig` may belong to."""

OVERRIDABLE_OF_FUNCTIONS = (
    *("sites", "serverfarms", "azurerm_service_plan"),
    *("azurerm_function_app_flex_consumption", "azurerm_linux_function_app"),
)
"""What the overrides of an `AzureFunctionConfig` may belong to."""


class BlobConfig(ResourceConfig):
    """Settings of a container, of its storage account, and of what is written to one path in it.

    Several resources may speak of one container, and all containers of a provider lie in one
    account: what they set adds up, and may not contradict. The account's own fields
    (`replication`, `soft_delete_retention_days`, `lifecycle_rules`, `hierarchical_namespace`) are
    applied to an account that is there already only where they are set; but for
    `soft_delete_retention_days` they need the provider's `subscription_id`.
    """

    tier: Literal["Hot", "Cool", "Cold", "Archive"] = "Hot"
    """What storing and reading cost; `Archive` can't be read at once. It is set on each blob that
    is written where it is set here; the account's own tier holds elsewhere. Maps to the header
    `x-ms-access-tier`."""

    replication: Literal["LRS", "ZRS", "GRS", "GZRS", "RA-GRS", "RA-GZRS"] = "LRS"
    """How many copies the account keeps, and where. Maps to the account's SKU."""

    encryption_scope: str | None = Field(default=None, pattern=r"^[A-Za-z0-9]{3,63}$")
    """The scope whose key encrypts the blobs of the container, settled when the container is
    made. A scope that is missing is made where `subscription_id` is set, with a key that
    Microsoft manages. Maps to `defaultEncryptionScope`."""

    soft_delete_retention_days: Annotated[int, Field(ge=0, le=365)] = 7
    """For how many days a deleted blob of the account can be restored; 0 switches that off.
    Maps to `deleteRetentionPolicy`."""

    lifecycle_rules: LifecycleRules | None = None
    """Rules that move or expire blobs under the bucket's path, such as `{"name": "archive",
    "base_blob": {"tier_to_archive": {"days_after_modification_greater_than": 30}}}`; their fields
    are those of `glacier_azure.storage.rules.LifecycleRule`. They replace those that the account
    has for this container; an empty list removes them. Maps to the account's management
    policy."""

    container_access: Literal["private", "blob", "container"] = "private"
    """What anyone may read without an identity. Maps to the container's `publicAccess`, and to
    the account's `allowBlobPublicAccess` where it is not private."""

    hierarchical_namespace: bool = False
    """Whether directories are real and renames atomic (Data Lake Storage Gen2), settled when the
    account is made. Maps to the account's `isHnsEnabled`."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """Fields that are merged last, by what they belong to. In the names of Resource Manager:
    `storageAccounts`, `blobServices` and `containers`, such as
    `{"storageAccounts": {"properties": {"allowSharedKeyAccess": False}}}`. In Terraform's:
    `azurerm_storage_account`, `azurerm_storage_container` and
    `azurerm_storage_management_policy`. Without `subscription_id` Resource Manager's are
    refused."""

    @field_validator("overrides")
    @classmethod
    def _overrides_belong_somewhere(cls, given: dict[str, Any]) -> dict[str, Any]:
        return checked_overrides(given, OVERRIDABLE)


class AzureFunctionConfig(ResourceConfig):
    """Settings of a function app."""

    plan: Literal["flex_consumption", "premium"] = "flex_consumption"
    """How the app is hosted and paid for: per call, or by instances that are always there. An app
    can't move from one to the other. Maps to the plan's SKU, `FC1` or `premium_size`."""

    premium_size: Literal["EP1", "EP2", "EP3"] = "EP1"
    """The size of an instance under `premium`: 1, 2 or 4 cores with 3.5, 7 or 14 GB. Maps to the
    plan's SKU."""

    memory_mb: Literal[512, 2048, 4096] = 2048
    """Memory of an instance in MB, under `flex_consumption`. Maps to `instanceMemoryMB`."""

    always_ready: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many instances wait for calls, and are paid for. Maps to `alwaysReady` of the group
    `http` under `flex_consumption`, to `minimumElasticInstanceCount` under `premium`."""

    max_instances: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many instances may run at once; Azure's own limit where None.
    Maps to `maximumInstanceCount`, or to `functionAppScaleLimit` under `premium`."""

    timeout_seconds: Annotated[int, Field(ge=1)] = 300
    """After how many seconds a call is ended. A call that is waited for ends after 230 seconds in
    any case, at Azure's load balancer; more is of use to scheduled calls. Maps to
    `functionTimeout` of `host.json`."""

    environment: dict[str, str] = Field(default_factory=dict)
    """App settings, seen as environment variables: no place for secrets, which belong in a
    key vault. Without more there are those that `AzureConfig.from_env` reads but for secrets; the
    app's own identity counts over there."""

    packages: list[str] = Field(default_factory=list)
    """Requirements, such as `polars==2.1.0`, that Azure installs when the app is deployed, beside
    what the handler's sources import. Map to lines of `requirements.txt`."""

    schedule: str | None = None
    """When the function is called by itself, with an empty payload: six NCRONTAB fields (second,
    minute, hour, day, month, day of the week), such as `0 0 6 * * *`, in UTC; or the name of an app
    setting that holds them, such as `%SCHEDULE%`. Maps to the timer trigger's `schedule`."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """Fields that are merged last, by what they belong to. In the names of Resource Manager:
    `sites` and `serverfarms`, such as `{"sites": {"properties": {"httpsOnly": False}}}`. In
    Terraform's: `azurerm_service_plan`, `azurerm_function_app_flex_consumption` and
    `azurerm_linux_function_app`."""

    @field_validator("overrides")
    @classmethod
    def _overrides_belong_somewhere(cls, given: dict[str, Any]) -> dict[str, Any]:
        return checked_overrides(given, OVERRIDABLE_OF_FUNCTIONS)

    @field_validator("packages")
    @classmethod
    def _packages_are_requirements(cls, packages: list[str]) -> list[str]:
        check_requirements(
            packages, "Options of pip belong in app settings, such as PIP_EXTRA_INDEX_URL."
        )
        return packages

    @field_validator("schedule")
    @classmethod
    def _schedule_has_six_fields(cls, value: str | None) -> str | None:
        problem = None if value is None else problem_of_schedule(value)
        if problem is not None:
            raise ValueError(
                f"schedule={value!r} is no NCRONTAB expression: {problem}. Expected six fields "
                "(second, minute, hour, day, month, day of the week), such as '0 0 6 * * *' for "
                "every day at 6:00 UTC"
            )
        return value


class SynapseConfig(ResourceConfig):
    """A Spark pool of a Synapse workspace.

    `overrides` are fields of the batch as the API names them, merged last, mappings among them key
    by key: `{"conf": {"spark.sql.shuffle.partitions": "8"}}`. What `pool` among them holds are
    fields of the pool's `properties`: `{"pool": {"sparkConfigProperties": {...}}}`; what types of
    Terraform hold, such as `azurerm_synapse_workspace`, are arguments of their blocks.
    """

    workspace: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")
    """The name of the workspace, which Terraform makes."""

    spark_pool: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,14}$")
    """The name of the Spark pool in the workspace."""

    endpoint: str | None = None
    """Where the workspace is reached instead of `https://WORKSPACE.dev.azuresynapse.net`."""

    spark_version: str = Field(default="3.5", pattern=r"^\d+\.\d+$")
    """The pool's runtime. Glacier's tasks need Python 3.11, so 3.5 or later.
    Maps to the pool's `sparkVersion`."""

    node_size: Literal["Small", "Medium", "Large", "XLarge", "XXLarge"] = "Small"
    """The size of a node of the pool. Maps to the pool's `nodeSize`."""

    node_count: Annotated[int, Field(ge=3, le=200)] = 3
    """How many nodes the pool has, the least of them where it scales. Maps to the pool's
    `nodeCount`, or to `autoScale.minNodeCount`."""

    max_node_count: Annotated[int, Field(ge=3, le=200)] | None = None
    """Up to how many nodes the pool scales by itself; None for `node_count` at all times.
    Maps to the pool's `autoScale.maxNodeCount`."""

    idle_minutes: Annotated[int, Field(ge=5, le=10_080)] | None = 15
    """After how many minutes without a job the pool's nodes are given back; None for never.
    Maps to the pool's `autoPause.delayInMinutes`."""

    packages: list[str] = Field(default_factory=list)
    """Requirements, such as `duckdb==1.4.1`, that the pool installs besides Glacier's own.
    Maps to the pool's `libraryRequirements`."""

    operators: list[str] = Field(default_factory=list)
    """The object ids of identities that submit jobs, besides that which makes the workspace.
    Maps to the role `Synapse Compute Operator`, which Terraform gives them."""

    allowed_addresses: list[str] = Field(default_factory=list)
    """The addresses from which the workspace is reached, such as `203.0.113.7` or
    `203.0.113.0-203.0.113.255`. Maps to the firewall rules that Terraform makes."""

    num_executors: Annotated[int, Field(ge=1)] = 2
    """How many executors run a job. Maps to `numExecutors` of the batch."""

    driver_cores: Annotated[int, Field(ge=1)] | None = None
    """The driver's cores; all those of a node where None. Maps to `driverCores`."""

    driver_memory: str | None = Field(default=None, pattern=r"^\d+[mg]$")
    """The driver's memory, such as `28g`; what a node has for one where None.
    Maps to `driverMemory`."""

    executor_cores: Annotated[int, Field(ge=1)] | None = None
    """An executor's cores; all those of a node where None. Maps to `executorCores`."""

    executor_memory: str | None = Field(default=None, pattern=r"^\d+[mg]$")
    """An executor's memory, such as `28g`; what a node has for one where None.
    Maps to `executorMemory`."""

    @model_validator(mode="after")
    def _nodes_scale_up(self) -> Self:
        if self.max_node_count is not None and self.max_node_count < self.node_count:
            raise ValueError(
                f"max_node_count={self.max_node_count} is less than node_count={self.node_count}; "
                "set it to as many nodes or more, or leave it out"
            )
        return self
