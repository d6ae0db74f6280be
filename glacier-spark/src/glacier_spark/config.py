"""The Spark config."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from glacier.config.base import ResourceConfig

_HOST = r"(?:[^\s/:,@]+|\[[0-9A-Fa-f:.]+\])"
_MASTERS = re.compile(
    r"local(?:\[(?:[1-9]\d*|\*)(?:,\s*[1-9]\d*)?\])?"
    r"|local-cluster\[\s*[1-9]\d*\s*,\s*[1-9]\d*\s*,\s*[1-9]\d*\s*\]"
    rf"|spark://{_HOST}:\d{{1,5}}(?:,{_HOST}:\d{{1,5}})*"
    r"|k8s://\S+"
    r"|yarn"
)
_CLUSTERS_WITH_DRIVERS = ("k8s://", "yarn")


class SparkConfig(ResourceConfig):
    """An open Spark, reached through `spark-submit`.

    `overrides` are further options of `spark-submit`, merged last: `{"--driver-memory": "2g"}`.
    A list repeats an option, True is an option without a value, None takes one of ours away.
    """

    master: str = "local[*]"
    """The cluster: `local[2]`, `local-cluster[2,1,1024]`, `spark://host:7077` (with several
    masters `spark://one:7077,two:7077`), `k8s://https://host:6443` or `yarn`. Maps to
    `--master`."""

    deploy_mode: Literal["client", "cluster"] = "client"
    """Whether the driver runs on this machine or on the cluster; the latter on Kubernetes and
    YARN only. Maps to `--deploy-mode`."""

    spark_conf: dict[str, str] = Field(default_factory=dict)
    """Spark's own properties, such as `{"spark.executor.memory": "2g"}`: no place for secrets,
    since they stand on a command line. Maps to `--conf`."""

    packages: list[str] = Field(default_factory=list)
    """Maven coordinates of what Spark loads, such as `org.apache.hadoop:hadoop-aws:3.4.1`.
    Maps to `--packages`."""

    max_concurrent_jobs: int | None = Field(default=None, ge=1)
    """How many drivers run on this machine at a time; the jobs beyond are PENDING. None for one
    where the master is `local...`, which takes this machine's cores, and for all anywhere else.
    Has no upstream setting: it counts the jobs of one executor, by its name."""

    @field_validator("master")
    @classmethod
    def _is_known(cls, master: str) -> str:
        if not _MASTERS.fullmatch(master):
            raise ValueError(
                f"{master!r} is no master of Spark; expected local, local[2], local[*], "
                "local[2,4], local-cluster[2,1,1024], spark://host:7077, k8s://https://host:6443 "
                "or yarn."
            )
        return master

    @field_validator("spark_conf")
    @classmethod
    def _has_names(cls, spark_conf: dict[str, str]) -> dict[str, str]:
        for name in spark_conf:
            # `spark-submit` takes what has another beginning for no property, and drops it.
            if not re.fullmatch(r"spark\.[^\s=]+", name):
                raise ValueError(
                    f"{name!r} is no property of Spark; their names begin with 'spark.'. Those of "
                    "Hadoop follow 'spark.hadoop.'."
                )
        return spark_conf

    @field_validator("overrides")
    @classmethod
    def _are_options(cls, overrides: dict[str, object]) -> dict[str, object]:
        for option in overrides:
            if not re.fullmatch(r"--[a-z][a-z-]*", option):
                raise ValueError(
                    f"{option!r} is no option of spark-submit; expected one such as "
                    "'--driver-memory'."
                )
        return overrides

    @model_validator(mode="after")
    def _has_drivers(self) -> Self:
        if self.deploy_mode == "cluster" and not self.master.startswith(_CLUSTERS_WITH_DRIVERS):
            raise ValueError(
                f"deploy_mode='cluster' does not go with the master {self.master!r}: Spark runs no "
                "Python driver on standalone clusters, and a local master has no cluster. Use "
                "deploy_mode='client'; its workers do the work all the same."
            )
        return self
