"""The configs of Google Cloud's resources: buckets, functions and executors."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from glacier.config.base import ResourceConfig
from glacier.config.cron import DAY, HOUR, MINUTE, MONTH, WEEKDAYS, CronField, problem_of_cron
from glacier.config.packages import check_requirements
from glacier.overrides import checked_overrides
from glacier_gcp.storage.rules import CorsRule, LifecycleRule, StorageClass

if TYPE_CHECKING:
    # What may be given; what a config holds are the rules.
    from collections.abc import Mapping, Sequence

    LifecycleRules: TypeAlias = Sequence[LifecycleRule | Mapping[str, Any]]
    CorsRules: TypeAlias = Sequence[CorsRule | Mapping[str, Any]]
else:
    LifecycleRules = list[LifecycleRule]
    CorsRules = list[CorsRule]

OVERRIDABLE = ("buckets", "google_storage_bucket")
"""What the overrides of a `GcsConfig` may belong to."""

OVERRIDABLE_OF_FUNCTIONS = (
    *("functions", "jobs"),
    *("google_cloudfunctions2_function", "google_cloud_scheduler_job"),
)
"""What `overrides` of a `CloudFunctionConfig` can belong to."""

OVERRIDABLE_OF_JOBS = ("cluster", "job", "batch", "google_dataproc_cluster")
"""What the overrides of a `DataprocConfig` may belong to."""

KMS_KEY = r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$"
LEAST_SOFT_DELETE_DAYS = 7
LONGEST_RETENTION_SECONDS = 3_155_760_000

_CRON_FIELDS = (MINUTE, HOUR, DAY, MONTH, CronField("day of the week", 0, 7, WEEKDAYS))
"""https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules"""

_MEMORY_OF_A_CPU = 2048
"""From how many MB on an instance has a whole processor by itself:
https://cloud.google.com/functions/docs/configuring/memory"""


class GcsConfig(ResourceConfig):
    """Settings of a Cloud Storage bucket, or of one path in it.

    Several resources may speak of one bucket: what they set adds up, and may not contradict.
    """

    storage_class: StorageClass = "STANDARD"
    """What storing and reading cost, for what is written from now on. Maps to `storageClass`."""

    versioning: bool = False
    """Whether former versions of an object are kept. Maps to `versioning.enabled`."""

    lifecycle_rules: LifecycleRules | None = None
    """Rules that move or expire objects under the bucket's path, such as `{"action": {"type":
    "SetStorageClass", "storage_class": "COLDLINE"}, "condition": {"age": 30}}`; their fields are
    those of `glacier_gcp.storage.rules.LifecycleRule`. On the path of a single
    file they hold for all names that start with it. Maps to `lifecycle.rule`."""

    uniform_bucket_level_access: bool = True
    """Whether only IAM decides who may do what, and no object has a list of its own; Google lets
    nobody switch that off 90 days after it was switched on.
    Maps to `iamConfiguration.uniformBucketLevelAccess`."""

    public_access_prevention: Literal["enforced", "inherited"] = "enforced"
    """Whether all public access is refused, or as the project and its organisation have it.
    Maps to `iamConfiguration.publicAccessPrevention`."""

    kms_key_name: Annotated[str, Field(pattern=KMS_KEY)] | None = None
    """The Cloud KMS key that encrypts what is written from now on, as
    `projects/P/locations/L/keyRings/R/cryptoKeys/K`; Google's own where None. The service agent of
    Cloud Storage has to be allowed to use it. Maps to `encryption.defaultKmsKeyName`."""

    retention_seconds: Annotated[int, Field(ge=1, le=LONGEST_RETENTION_SECONDS)] | None = None
    """For how many seconds an object can't be deleted or replaced, at most 100 years. The policy is
    never locked: who may change the bucket can take it away.
    Maps to `retentionPolicy.retentionPeriod`."""

    soft_delete_retention_days: Annotated[int, Field(ge=0, le=90)] | None = None
    """For how many days a deleted object can be restored, and is paid for: 7 to 90, or 0 for none.
    Where None a new bucket gets Google's own 7, and one that is there stays as it is.
    Maps to `softDeletePolicy.retentionDurationSeconds`."""

    cors: CorsRules | None = None
    """Rules for requests from browsers, such as
    `{"origin": ["https://example.com"], "method": ["GET"]}`; their fields are those of
    `glacier_gcp.storage.rules.CorsRule`. Maps to `cors`."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """Fields that are merged last, by what they belong to: `buckets` in the names of the JSON API,
    such as `{"buckets": {"autoclass": {"enabled": True}}}`, and `google_storage_bucket` in
    Terraform's, such as `{"google_storage_bucket": {"force_destroy": True}}`. None takes a field of
    ours away."""

    @field_validator("soft_delete_retention_days")
    @classmethod
    def _soft_delete_is_long_enough(cls, value: int | None) -> int | None:
        if value is not None and 0 < value < LEAST_SOFT_DELETE_DAYS:
            raise ValueError(
                f"Cloud Storage keeps deleted objects for {LEAST_SOFT_DELETE_DAYS} to 90 days, or "
                f"not at all; expected one of those or 0, not {value}"
            )
        return value

    @field_validator("overrides")
    @classmethod
    def _overrides_belong_somewhere(cls, given: dict[str, Any]) -> dict[str, Any]:
        return checked_overrides(given, OVERRIDABLE)


_VARIABLES_OF_GOOGLE = {
    "FUNCTION_SIGNATURE_TYPE",
    "FUNCTION_TARGET",
    "K_CONFIGURATION",
    "K_REVISION",
    "K_SERVICE",
    "PORT",
}
"""https://cloud.google.com/run/docs/container-contract#env-vars"""


class CloudFunctionConfig(ResourceConfig):
    """Settings of a Cloud Function of the second generation."""

    memory_mb: Annotated[int, Field(ge=128, le=32_768)] = 512
    """Memory of an instance in MB. Maps to `serviceConfig.availableMemory`."""

    cpu: Annotated[float, Field(ge=0.08, le=8)] | None = None
    """How many processors an instance has; what Google gives with its memory where None: 1 from
    2048 MB on, less below. Maps to `serviceConfig.availableCpu`."""

    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """After how many seconds a call is ended. One by the schedule is given up after 1800 seconds
    in any case. Maps to `serviceConfig.timeoutSeconds`."""

    min_instances: Annotated[int, Field(ge=0)] = 0
    """How many instances wait for calls, and are paid for. Maps to
    `serviceConfig.minInstanceCount`."""

    max_instances: Annotated[int, Field(ge=1)] | None = None
    """How many instances may run at once; Google's own limit where None.
    Maps to `serviceConfig.maxInstanceCount`."""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many calls an instance takes at once, in threads; more than 1 needs a whole processor.
    Maps to `serviceConfig.maxInstanceRequestConcurrency`."""

    service_account: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$")
    """The e-mail address of the account that the function runs as, and its schedule calls it as;
    one of its own where None, which may touch the provider's buckets.
    Maps to `serviceConfig.serviceAccountEmail`."""

    invokers: list[Annotated[str, Field(pattern=r"^(all\w+|\w+:.+)$")]] = Field(
        default_factory=list
    )
    """Who may call the function, beside whoever deploys it: members as IAM has them, such as
    `serviceAccount:etl@my-project.iam.gserviceaccount.com` or `group:team@example.com`. Maps to
    the role `roles/run.invoker` on the function's Cloud Run service."""

    ingress: Literal["all", "internal", "internal_and_load_balancer"] = "all"
    """From where the function can be reached. Maps to `serviceConfig.ingressSettings`."""

    vpc_connector: str | None = None
    """The Serverless VPC Access connector through which the function reaches a network, such as
    `projects/p/locations/europe-west1/connectors/c`. Maps to `serviceConfig.vpcConnector`."""

    vpc_egress: Literal["private_ranges_only", "all_traffic"] = "private_ranges_only"
    """What goes through the connector. Maps to `serviceConfig.vpcConnectorEgressSettings`."""

    environment: dict[str, str] = Field(default_factory=dict)
    """Environment variables of the function: no place for secrets, which belong in a secret
    store. Without more there are those that `GcpConfig.from_env` reads but for its identity; the
    function's own counts over there. Maps to `serviceConfig.environmentVariables`."""

    packages: list[str] = Field(default_factory=list)
    """Requirements, such as `polars==2.1.0`, that Google installs when the function is deployed,
    beside what the handler's sources import. Map to lines of `requirements.txt`."""

    schedule: str | None = None
    """When the function is called by itself, with an empty payload: five cron fields (minute,
    hour, day, month, day of the week), such as `0 6 * * *`, in UTC.
    Maps to `schedule` of a Cloud Scheduler job."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """Fields that are merged last, by what they belong to. In the names of the APIs: `functions`
    of Cloud Functions and `jobs` of Cloud Scheduler, such as
    `{"functions": {"serviceConfig": {"securityLevel": "SECURE_ALWAYS"}}}`. In Terraform's:
    `google_cloudfunctions2_function` and `google_cloud_scheduler_job`."""

    @field_validator("overrides")
    @classmethod
    def _overrides_belong_somewhere(cls, given: dict[str, Any]) -> dict[str, Any]:
        return checked_overrides(given, OVERRIDABLE_OF_FUNCTIONS)

    @field_validator("packages")
    @classmethod
    def _packages_are_requirements(cls, packages: list[str]) -> list[str]:
        check_requirements(
            packages, "Options of pip belong in the build's environment, by overrides=."
        )
        return packages

    @field_validator("environment")
    @classmethod
    def _environment_leaves_googles_own_alone(cls, given: dict[str, str]) -> dict[str, str]:
        taken = sorted(
            one for one in given if one in _VARIABLES_OF_GOOGLE or one.startswith("X_GOOGLE_")
        )
        if taken:
            raise ValueError(
                f"Cloud Functions sets {', '.join(taken)} itself; give it another name"
            )
        return given

    @field_validator("schedule")
    @classmethod
    def _schedule_has_five_fields(cls, value: str | None) -> str | None:
        problem = None if value is None else problem_of_cron(value, _CRON_FIELDS)
        if problem is not None:
            raise ValueError(
                f"schedule={value!r} is no cron expression: {problem}. Expected five fields "
                "(minute, hour, day, month, day of the week), such as '0 6 * * *' for every day "
                "at 6:00 UTC"
            )
        return value

    @model_validator(mode="after")
    def _no_more_instances_wait_than_may_run(self) -> Self:
        if self.max_instances is not None and self.min_instances > self.max_instances:
            raise ValueError(
                f"min_instances={self.min_instances} is more than "
                f"max_instances={self.max_instances}; set it to at most that"
            )
        return self

    @model_validator(mode="after")
    def _concurrency_needs_a_processor(self) -> Self:
        has_whole = self.memory_mb >= _MEMORY_OF_A_CPU if self.cpu is None else self.cpu >= 1
        if self.concurrency > 1 and not has_whole:
            raise ValueError(
                f"concurrency={self.concurrency} needs a whole processor; set cpu=1 or more, or "
                f"memory_mb={_MEMORY_OF_A_CPU} with which one comes"
            )
        return self


class DataprocConfig(ResourceConfig):
    """A Dataproc cluster, or serverless batches, which run without one.

    `overrides` hold fields that are merged last, by what they belong to: `cluster`, `job` and
    `batch` in the names of the API, such as `{"cluster": {"config": {"gceClusterConfig": {...}}}}`
    or `{"batch": {"runtimeConfig": {...}}}`; and `google_dataproc_cluster`, with arguments of
    Terraform's block.
    """

    machine_type: str = "n1-standard-4"
    """The machine of master and workers. Maps to `masterConfig.machineTypeUri` and
    `workerConfig.machineTypeUri`."""

    num_workers: Annotated[int, Field(ge=0)] = 2
    """How many workers the cluster has; none for a cluster of one machine. Maps to
    `workerConfig.numInstances`, or to the property `dataproc:dataproc.allow.zero.workers`."""

    cluster_name: str | None = Field(default=None, pattern=r"^[a-z]([a-z0-9-]{0,49}[a-z0-9])?$")
    """A cluster that exists already, which Glacier does not change; None for one of the executor's
    name, which `deploy()` makes. Maps to `placement.clusterName`."""

    serverless: bool = False
    """Whether jobs run as serverless batches, without a cluster."""

    image_version: str = Field(default="2.2", pattern=r"^\d+\.\d+(\.\d+)?(-[a-z]+\d+)?$")
    """The image of the cluster, or the runtime of the batches. Glacier's tasks need Python 3.11,
    so 2.2 or later, or 1.2 of the batches.
    Maps to `softwareConfig.imageVersion` and `runtimeConfig.version`."""

    zone: str | None = None
    """The zone of the cluster; the provider's where None, which may leave the choice to Google.
    Maps to `gceClusterConfig.zoneUri`."""

    idle_minutes: Annotated[int, Field(ge=5, le=20_160)] | None = None
    """After how many minutes without a job the cluster is deleted; None for never.
    Maps to `lifecycleConfig.idleDeleteTtl`."""

    service_account: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$")
    """The e-mail address of the account that jobs run as; the project's default one where None.
    Batches of the runtime 3.0 or later have no default, and need it.
    Maps to `gceClusterConfig.serviceAccount` and `executionConfig.serviceAccount`."""

    subnetwork: str | None = None
    """The subnetwork of the machines; the project's default where None.
    Maps to `gceClusterConfig.subnetworkUri` and `executionConfig.subnetworkUri`."""

    internal_ip_only: bool = False
    """Whether the cluster's machines have no addresses outside their network. They install
    packages from PyPI, for which they need a Cloud NAT then.
    Maps to `gceClusterConfig.internalIpOnly`."""

    packages: list[str] = Field(default_factory=list)
    """Requirements with exact versions, such as `duckdb==1.4.1`, besides Glacier's own. Map to the
    cluster's property `dataproc:pip.packages`; to batches they travel as wheels."""

    properties: dict[str, str] = Field(default_factory=dict)
    """Properties of Spark for every job, such as `{"spark.executor.memory": "4g"}`.
    Map to `pysparkJob.properties` and `runtimeConfig.properties`."""

    labels: dict[str, str] = Field(default_factory=dict)
    """Labels of clusters, jobs and batches, on top of the provider's tags. Map to `labels`."""

    container_image: str | None = None
    """The image that batches run in, which has to bring what jobs need: nothing travels as wheels
    then. Google's own where None. Maps to `runtimeConfig.containerImage`."""

    ttl_minutes: Annotated[int, Field(ge=10, le=20_160)] | None = None
    """After how many minutes a batch is ended; Google's own limit of four hours where None.
    Maps to `executionConfig.ttl`."""

    @field_validator("packages")
    @classmethod
    def _packages_are_pins(cls, packages: list[str]) -> list[str]:
        for line in packages:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+", line):
                raise ValueError(
                    f"{line!r} is no requirement with an exact version, which Dataproc wants; "
                    "pass one such as 'duckdb==1.4.1' for each package"
                )
        return packages

    @field_validator("num_workers")
    @classmethod
    def _clusters_have_no_single_worker(cls, value: int) -> int:
        if value == 1:
            raise ValueError(
                "a cluster has two workers or more, or none and its master alone; set 0 or 2"
            )
        return value

    @field_validator("overrides")
    @classmethod
    def _overrides_belong_somewhere(cls, given: dict[str, Any]) -> dict[str, Any]:
        return checked_overrides(given, OVERRIDABLE_OF_JOBS)

    @model_validator(mode="after")
    def _fields_are_of_one_kind(self) -> Self:
        foreign = _OF_CLUSTERS if self.serverless else _OF_BATCHES
        wrong = sorted(foreign & self.model_fields_set)
        if wrong:
            kinds = ("clusters", "serverless batches")
            of, instead = kinds if self.serverless else kinds[::-1]
            raise ValueError(
                f"{', '.join(wrong)} says something of {of}, and serverless={self.serverless} asks "
                f"for {instead}; leave it out, or set serverless={not self.serverless}"
            )
        return self

    @model_validator(mode="after")
    def _newer_batches_name_their_account(self) -> Self:
        is_newer = int(self.image_version.partition(".")[0]) >= _FIRST_WITHOUT_DEFAULT_ACCOUNT
        is_named = self.service_account or "environmentConfig" in self.overrides.get("batch", {})
        if self.serverless and is_newer and not is_named:
            raise ValueError(
                f"batches of the runtime {self.image_version} run as no account by default; set "
                "service_account= to the e-mail address of one with the role roles/dataproc.worker"
            )
        return self


_FIRST_WITHOUT_DEFAULT_ACCOUNT = 3
"""https://cloud.google.com/dataproc-serverless/docs/concepts/service-account"""

_OF_CLUSTERS = frozenset({"cluster_name", "zone", "idle_minutes", "internal_ip_only"})
_OF_BATCHES = frozenset({"container_image", "ttl_minutes"})
