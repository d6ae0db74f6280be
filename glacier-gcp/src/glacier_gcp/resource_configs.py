"""The configs of Google Cloud's resources: buckets, functions and executors."""

from typing import Annotated, Any, Literal

from pydantic import Field

from glacier.config.base import ResourceConfig


class GcsConfig(ResourceConfig):
    """Settings of a Cloud Storage bucket, or of one prefix in it."""

    storage_class: Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"] = "STANDARD"
    """What storing and reading cost. Maps to `storageClass`."""

    versioning: bool = False
    """Whether former versions of an object are kept. Maps to `versioning.enabled`."""

    lifecycle_rules: list[dict[str, Any]] | None = None  # Any: Cloud Storage's own rules
    """Rules that move or expire objects under the bucket's path. Maps to `lifecycle.rule`."""

    uniform_bucket_level_access: bool = True
    """Whether only IAM decides who may do what, and no object has a list of its own.
    Maps to `iamConfiguration.uniformBucketLevelAccess`."""

    kms_key_name: str | None = None
    """The Cloud KMS key that encrypts new objects; Google's own where None.
    Maps to `encryption.defaultKmsKeyName`."""

    retention_seconds: Annotated[int, Field(ge=1)] | None = None
    """For how many seconds an object can't be deleted or replaced.
    Maps to `retentionPolicy.retentionPeriod`."""


class CloudFunctionConfig(ResourceConfig):
    """Settings of a Cloud Function of the second generation."""

    memory_mb: Annotated[int, Field(ge=128, le=32_768)] = 512
    """Memory in MB. Maps to `serviceConfig.availableMemory`."""

    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """After how many seconds a call is ended. Maps to `serviceConfig.timeoutSeconds`."""

    min_instances: Annotated[int, Field(ge=0)] = 0
    """How many instances wait for calls. Maps to `serviceConfig.minInstanceCount`."""

    max_instances: Annotated[int, Field(ge=1)] | None = None
    """How many instances may run at once; Google's own limit where None.
    Maps to `serviceConfig.maxInstanceCount`."""

    service_account: str | None = None
    """The e-mail address of the account that the function runs as.
    Maps to `serviceConfig.serviceAccountEmail`."""

    environment: dict[str, str] = Field(default_factory=dict)
    """Environment variables of the function: no place for secrets, which belong in a secret
    store. Maps to `serviceConfig.environmentVariables`."""

    packages: list[str] = Field(default_factory=list)
    """Requirements, such as `polars==2.1.0`, that the function's build installs."""

    schedule: str | None = None
    """When the function is called by itself: five cron fields, such as `0 6 * * *`, in UTC.
    Maps to `schedule` of a Cloud Scheduler job."""


class DataprocConfig(ResourceConfig):
    """Settings of a Dataproc cluster, or of serverless batches."""

    machine_type: str = "n1-standard-4"
    """The machine of master and workers. Maps to `machineTypeUri`."""

    num_workers: Annotated[int, Field(ge=0)] = 2
    """How many workers the cluster has. Maps to `workerConfig.numInstances`."""

    cluster_name: str | None = None
    """A cluster that exists already; the executor's name where None.
    Maps to `placement.clusterName`."""

    serverless: bool = False
    """Whether jobs run as serverless batches, without a cluster."""

    image_version: str | None = None
    """The runtime of the cluster or of the batches. Glacier's tasks need Python 3.11, so 2.2 or
    later. Maps to `softwareConfig.imageVersion` and `runtimeConfig.version`."""

    service_account: str | None = None
    """The e-mail address of the account that jobs run as. Maps to `serviceAccount`."""

    subnetwork: str | None = None
    """The subnetwork of the machines; the project's default where None.
    Maps to `subnetworkUri`."""

    packages: list[str] = Field(default_factory=list)
    """Requirements with exact versions, such as `polars==2.1.0`, on top of the image's own."""
