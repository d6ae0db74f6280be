"""The Spark config."""

from typing import Literal

from pydantic import Field

from glacier.config.base import ResourceConfig


class SparkConfig(ResourceConfig):
    """An open Spark, reached through `spark-submit`."""

    master: str = "local[*]"
    """The cluster: `local[2]`, `local-cluster[2,1,1024]`, `spark://host:7077` or `k8s://...`.
    Maps to `--master`."""

    deploy_mode: Literal["client", "cluster"] = "client"
    """Whether the driver runs on this machine or on the cluster. Maps to `--deploy-mode`."""

    spark_conf: dict[str, str] = Field(default_factory=dict)
    """Spark's own properties, such as `{"spark.executor.memory": "2g"}`: no place for secrets.
    Maps to `--conf`."""

    packages: list[str] = Field(default_factory=list)
    """Maven coordinates of what Spark loads, such as `org.apache.hadoop:hadoop-aws:3.4.1`.
    Maps to `--packages`."""
