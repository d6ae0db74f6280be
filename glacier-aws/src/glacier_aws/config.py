"""The AWS configs."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, SecretStr, field_validator, model_validator

from glacier.config.base import ProviderConfig, ResourceConfig
from glacier.config.packages import check_requirements
from glacier_aws.storage.rules import CorsRule, LifecycleRule

if TYPE_CHECKING:
    # What may be given; what a config holds are the rules.
    LifecycleRules: TypeAlias = Sequence[LifecycleRule | Mapping[str, Any]]
    CorsRules: TypeAlias = Sequence[CorsRule | Mapping[str, Any]]
else:
    LifecycleRules = list[LifecycleRule]
    CorsRules = list[CorsRule]


class AwsConfig(ProviderConfig):
    """An AWS account and region, and the identity to use there.

    Without keys, profile or role, the ambient identity is used, found as the AWS SDKs find it.
    """

    beside_secrets = frozenset({"access_key_id"})
    of_identity = frozenset({"profile", "role_arn", "external_id"})

    region: str
    """The region of the resources, such as `eu-central-1`.
    Environment variables: `AWS_REGION`, then `AWS_DEFAULT_REGION`; `us-east-1` where neither
    is set. Maps to the SDK's `region_name`."""

    profile: str | None = None
    """A profile of the shared AWS configuration files.
    Environment variable: `AWS_PROFILE`. Maps to the SDK's `profile_name`."""

    account_id: str | None = None
    """The account's twelve digits, for names that hold it.
    Environment variable: `AWS_ACCOUNT_ID`."""

    role_arn: str | None = None
    """A role to assume with the identity found otherwise.
    Environment variable: `AWS_ROLE_ARN`. Maps to `RoleArn` of STS `AssumeRole`."""

    external_id: str | None = Field(default=None, min_length=2)
    """What the role's trust policy asks for.
    Environment variable: `AWS_EXTERNAL_ID`. Maps to `ExternalId` of STS `AssumeRole`."""

    access_key_id: str | None = None
    """The identifier of an access key; needs `secret_access_key`.
    Environment variable: `AWS_ACCESS_KEY_ID`. Maps to the SDK's `aws_access_key_id`."""

    secret_access_key: SecretStr | None = None
    """The secret of the access key.
    Environment variable: `AWS_SECRET_ACCESS_KEY`. Maps to the SDK's `aws_secret_access_key`."""

    session_token: SecretStr | None = None
    """The token of temporary credentials.
    Environment variable: `AWS_SESSION_TOKEN`. Maps to the SDK's `aws_session_token`."""

    endpoint_url: str | None = None
    """Where the services are reached instead of their public addresses.
    Environment variable: `AWS_ENDPOINT_URL`. Maps to the SDK's `endpoint_url`."""

    connect_timeout_seconds: float = Field(default=10, ge=0.001)
    """After how many seconds without a connection a request is tried again. Maps to the SDK's and
    s3fs' `connect_timeout`, and to that of Polars' storage options."""

    read_timeout_seconds: float = Field(default=60, ge=0.001)
    """After how many seconds without a byte a request is tried again. Maps to the SDK's and s3fs'
    `read_timeout`, and to that of Polars' storage options, without which Polars would wait for
    ever."""

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError(
                "access_key_id and secret_access_key go together; set both or neither "
                "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment)"
            )
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the config that the standard AWS variables describe; an empty one is unset.

        Beside `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN` names the role that the SDKs take on
        by that token, and is theirs alone.
        """
        env = os.environ if environ is None else environ
        is_web_identity = bool(env.get("AWS_WEB_IDENTITY_TOKEN_FILE"))
        secret = env.get("AWS_SECRET_ACCESS_KEY")
        token = env.get("AWS_SESSION_TOKEN")
        return cls(
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1",
            profile=env.get("AWS_PROFILE") or None,
            account_id=env.get("AWS_ACCOUNT_ID") or None,
            role_arn=None if is_web_identity else env.get("AWS_ROLE_ARN") or None,
            external_id=env.get("AWS_EXTERNAL_ID") or None,
            access_key_id=env.get("AWS_ACCESS_KEY_ID") or None,
            secret_access_key=SecretStr(secret) if secret else None,
            session_token=SecretStr(token) if token else None,
            endpoint_url=env.get("AWS_ENDPOINT_URL") or None,
        )


class S3Config(ResourceConfig):
    """Settings of an S3 bucket, or of one prefix in it.

    Several resources may speak of one bucket: what they set adds up, and may not contradict.
    """

    versioning: bool = False
    """Whether S3 keeps the former versions of an object. Maps to `PutBucketVersioning`."""

    lifecycle_rules: LifecycleRules | None = None
    """Rules that move or expire objects under the bucket's path, such as
    `{"id": "archive", "transition": {"days": 30, "storage_class": "GLACIER"}}`; their fields are
    those of `glacier_aws.storage.rules.LifecycleRule`. On the path of a single file they hold for
    all names that start with it. Maps to `PutBucketLifecycleConfiguration`."""

    encryption: Literal["AES256", "aws:kms", "aws:kms:dsse"] = "AES256"
    """How objects are encrypted at rest. Maps to `SSEAlgorithm` of `PutBucketEncryption`."""

    kms_key_id: str | None = Field(default=None, min_length=1)
    """The key for `aws:kms` and `aws:kms:dsse`, as id, alias or ARN; the account's own S3 key
    where None. Maps to `KMSMasterKeyID` of `PutBucketEncryption`."""

    public_access_block: bool = True
    """Whether all public access is refused. Maps to all four settings of
    `PutPublicAccessBlock`."""

    cors: CorsRules | None = None
    """Rules for requests from browsers, such as
    `{"allowed_origins": ["https://example.com"], "allowed_methods": ["GET"]}`; their fields are
    those of `glacier_aws.storage.rules.CorsRule`. Maps to `CORSRules` of `PutBucketCors`."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """Fields that are merged last: in the names of the API (`ObjectLockEnabledForBucket`) into
    the request `CreateBucket`, which is sent once; in Terraform's (`force_destroy`) into the
    block `aws_s3_bucket`. An object lock needs `versioning=True` as well, since S3 lets nobody
    suspend versioning there."""

    @model_validator(mode="after")
    def _key_needs_kms(self) -> Self:
        if self.kms_key_id is not None and not self.encryption.startswith("aws:kms"):
            raise ValueError(
                "kms_key_id is for encryption='aws:kms' or 'aws:kms:dsse'; set one of them, or "
                f"leave the key out: encryption is {self.encryption!r}"
            )
        return self


class LambdaConfig(ResourceConfig):
    """Settings of a Lambda function.

    `overrides` are fields of `CreateFunction`, merged last, mappings among them key by key:
    `{"EphemeralStorage": {"Size": 1024}}`. None takes a field of ours away.
    """

    memory_mb: Annotated[int, Field(ge=128, le=10_240)] = 512
    """Memory in MB; the share of a processor grows with it. Maps to `MemorySize`."""

    timeout_seconds: Annotated[int, Field(ge=1, le=900)] = 60
    """After how many seconds a call is ended. Maps to `Timeout`."""

    role_arn: str | None = None
    """The role that the function runs as; one of its own where None, which may write its log and
    touch the provider's buckets. Maps to `Role`."""

    architecture: Literal["x86_64", "arm64"] = "x86_64"
    """The processor that runs the function and that its wheels are for.
    Maps to `Architectures`."""

    layers: list[Annotated[str, Field(pattern=r"^arn:[^:]+:lambda:.+:layer:.+:\d+$")]] = Field(
        default_factory=list, max_length=5
    )
    """ARNs of the layers to add, each with its version, such as
    `arn:aws:lambda:eu-central-1:123456789012:layer:tools:3`. Maps to `Layers`."""

    environment: dict[str, str] = Field(default_factory=dict)
    """Environment variables of the function: no place for secrets, which belong in a secret
    store. Maps to `Environment.Variables`."""

    packages: list[str] = Field(default_factory=list)
    """Requirements, such as `polars==2.1.0`, that the function's zip brings along, beside what
    the handler's sources import, which comes in the versions that are installed here."""

    subnet_ids: list[str] = Field(default_factory=list)
    """Subnets of the VPC that the function joins. Maps to `VpcConfig.SubnetIds`."""

    security_group_ids: list[str] = Field(default_factory=list)
    """Security groups of the function in its VPC. Maps to `VpcConfig.SecurityGroupIds`."""

    reserved_concurrency: Annotated[int, Field(ge=0)] | None = None
    """How many calls may run at once, kept free for this function; no limit of its own where
    None. Maps to `ReservedConcurrentExecutions`."""

    url: bool = False
    """Whether the function gets an HTTPS address, for callers with an identity of AWS; the
    handler gets Lambda's own description of the request. Maps to `CreateFunctionUrlConfig` with
    the `AuthType` `AWS_IAM`."""

    schedule: str | None = None
    """When the function is called by itself: `rate(1 hour)` or `cron(0 6 * * ? *)`, in UTC.
    Maps to `ScheduleExpression` of an EventBridge rule."""

    @field_validator("packages")
    @classmethod
    def _packages_are_requirements(cls, packages: list[str]) -> list[str]:
        check_requirements(packages, "Options of pip are read from its own configuration.")
        return packages


class GlueConfig(ResourceConfig):
    """Settings of a Glue job, whose name is the executor's.

    `overrides` are fields of `CreateJob`, merged last, mappings among them key by key:
    `{"DefaultArguments": {"--enable-metrics": "true"}}`. None takes a field of ours away.
    """

    worker_type: str = "G.1X"
    """The size of a worker, `G.1X` to `G.16X` or `R.1X` to `R.8X`. Maps to `WorkerType`."""

    num_workers: Annotated[int, Field(ge=2)] = 2
    """How many workers run the job, the driver's included. Maps to `NumberOfWorkers`."""

    glue_version: str = Field(default="5.0", pattern=r"^\d+\.\d+$")
    """The runtime. Glacier's tasks need Python 3.11, so 5.0 or later. Maps to `GlueVersion`."""

    role_arn: str | None = None
    """The role that the job runs as; where None, one that Glacier makes, which may read and write
    the provider's buckets, and no more. Maps to `Role`."""

    connections: list[str] = Field(default_factory=list)
    """Names of the Glue connections that the job uses. Maps to `Connections.Connections`."""

    bookmarks: bool = False
    """Whether Glue remembers what a script job has processed.
    Maps to the argument `--job-bookmark-option`."""

    timeout_minutes: Annotated[int, Field(ge=1, le=10_080)] = 480
    """After how many minutes a run is ended. Maps to `Timeout`."""

    max_concurrent_runs: Annotated[int, Field(ge=1)] = 50
    """How many runs of the job go on at a time; those beyond are PENDING, queued by Glue.
    Maps to `ExecutionProperty.MaxConcurrentRuns`."""

    execution_class: Literal["STANDARD", "FLEX"] = "STANDARD"
    """Whether runs start at once, or at a lower price on spare capacity, which does not queue
    what goes beyond `max_concurrent_runs`. Maps to `ExecutionClass`."""
