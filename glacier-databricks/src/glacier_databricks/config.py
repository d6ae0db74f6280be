"""The Databricks config."""

from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from glacier.config.base import ResourceConfig
from glacier.overrides import checked_overrides

RUN = "run"
"""The part of a config's `overrides` with fields of the run itself."""


class DatabricksConfig(ResourceConfig):
    """A Databricks workspace, the identity to use there, and the cluster that runs jobs.

    What is None of host and identity is found as the Databricks SDK finds it. The provider's
    config decides the cluster's cloud-specific attributes.
    """

    beside_secrets = frozenset({"client_id"})
    of_identity = frozenset({"profile"})

    host: str | None = None
    """The workspace's address. Environment variable, read by the SDK: `DATABRICKS_HOST`."""

    token: SecretStr | None = None
    """A personal access token. Environment variable, read by the SDK: `DATABRICKS_TOKEN`."""

    client_id: str | None = None
    """The service principal's id for OAuth.
    Environment variable, read by the SDK: `DATABRICKS_CLIENT_ID`."""

    client_secret: SecretStr | None = None
    """The service principal's secret for OAuth.
    Environment variable, read by the SDK: `DATABRICKS_CLIENT_SECRET`."""

    profile: str | None = None
    """A profile of the Databricks configuration file.
    Environment variable, read by the SDK: `DATABRICKS_CONFIG_PROFILE`."""

    existing_cluster_id: str | None = None
    """A cluster that exists already, in place of a new one. Maps to `existing_cluster_id`."""

    instance_type: str | None = None
    """The machine of a new cluster, by the cloud's own name, such as `m5.xlarge`.
    Maps to `node_type_id`."""

    num_workers: Annotated[int, Field(ge=0)] | None = None
    """How many workers a new cluster has; 0 is the driver alone. Maps to `num_workers`."""

    min_workers: Annotated[int, Field(ge=0)] | None = None
    """The fewest workers of a cluster that scales by itself; needs `max_workers`.
    Maps to `autoscale.min_workers`."""

    max_workers: Annotated[int, Field(ge=1)] | None = None
    """The most workers of a cluster that scales by itself; needs `min_workers`.
    Maps to `autoscale.max_workers`."""

    spark_version: str | None = None
    """The runtime of a new cluster, such as `16.4.x-scala2.12`; chosen to fit the caller's
    Python where None. Glacier's tasks need Python 3.11, so 15.4 or later.
    Maps to `spark_version`."""

    policy_id: str | None = None
    """The cluster policy to obey. Maps to `policy_id`."""

    instance_pool_id: str | None = None
    """The pool that the machines come from, in place of `instance_type`.
    Maps to `instance_pool_id`."""

    serverless: bool = False
    """Whether jobs run on Databricks' serverless compute, without a cluster."""

    environment_version: str = "4"
    """The environment of serverless compute, which decides its Python: 4 has 3.12. Maps to
    `environment_version`."""

    packages: list[str] = Field(default_factory=list)
    """Requirements, such as `polars==2.1.0`, on top of the runtime's own. Maps to `libraries`, or
    to `dependencies` on serverless compute."""

    environment: dict[str, str] = Field(default_factory=dict)
    """Environment variables of a new cluster, such as those by which jobs enter the cloud; a
    secret is named as Databricks does: `{{secrets/scope/key}}`. Maps to `spark_env_vars`."""

    timeout_seconds: Annotated[int, Field(ge=1)] | None = None
    """After how many seconds a run is ended; never where None. Maps to `timeout_seconds`."""

    http_timeout_seconds: float = Field(default=60, ge=0.001)
    """After how many seconds without an answer a request is tried again. Maps to the SDK's
    `http_timeout_seconds`."""

    retry_timeout_seconds: int = Field(default=60, ge=1)
    """For how many seconds a request that failed for a passing reason is tried again. Maps to the
    SDK's `retry_timeout_seconds`."""

    volume: Annotated[str, Field(pattern=r"^/Volumes/[^/]+/[^/]+/[^/]+")] | None = None
    """The Unity Catalog volume, `/Volumes/catalog/schema/volume`, through which packages
    travel; the provider's staging bucket where None."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """Fields of a new cluster, merged last, mappings among them key by key:
    `{"aws_attributes": {"instance_profile_arn": "arn:..."}}`; None takes a field of ours away.
    Those of the run itself stand under `run`, those of Terraform's blocks under their types, such
    as `databricks_job`."""

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if (self.min_workers is None) != (self.max_workers is None):
            raise ValueError("min_workers and max_workers go together; set both or neither")
        if (self.min_workers or 0) > (self.max_workers or 0):
            raise ValueError(
                f"min_workers={self.min_workers} is more than max_workers={self.max_workers}; "
                "exchange them"
            )
        if self.num_workers is not None and self.min_workers is not None:
            raise ValueError(
                "num_workers excludes min_workers and max_workers; set a fixed or a scaling size"
            )
        compute = {
            "existing_cluster_id": self.existing_cluster_id is not None,
            "serverless": self.serverless,
            "instance_type": self.instance_type is not None,
            "instance_pool_id": self.instance_pool_id is not None,
        }
        chosen = [name for name, is_set in compute.items() if is_set]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude each other; set one of them")
        return self

    @model_validator(mode="after")
    def _settings_have_a_cluster(self) -> Self:
        if not self.serverless and self.existing_cluster_id is None:
            return self
        where = "serverless" if self.serverless else "existing_cluster_id"
        if self.environment:
            raise ValueError(
                f"environment is that of a new cluster; with {where}, set variables there, or give "
                "them to a job: {'script': ..., 'environment': {...}}"
            )
        # Of a cluster that is there, the version says what it has.
        versions = {"spark_version": self.spark_version} if self.serverless else {}
        sizes = {name: getattr(self, name) for name in ("num_workers", "min_workers", "policy_id")}
        unused = [name for name, value in {**sizes, **versions}.items() if value is not None]
        if unused:
            raise ValueError(
                f"{' and '.join(unused)} would be of a new cluster, and {where} takes none; leave "
                "one of them out"
            )
        return self

    @field_validator("overrides")
    @classmethod
    def _runs_stay_one(cls, overrides: dict[str, Any]) -> dict[str, Any]:
        run = checked_overrides({RUN: overrides.get(RUN, {})}, (RUN,))[RUN]
        for name in ("idempotency_token", "tasks"):
            if name in run:
                raise ValueError(
                    f"overrides[{RUN!r}][{name!r}] is each submission's own: it says what is run, "
                    "and once. Leave it out"
                )
        return overrides
