"""The Spark config."""

import pytest
from pydantic import ValidationError

from glacier_spark.config import SparkConfig


def test_default_is_a_spark_on_this_machine() -> None:
    assert SparkConfig().master == "local[*]"
    assert SparkConfig().deploy_mode == "client"


@pytest.mark.parametrize(
    "master",
    [
        "local",
        "local[2]",
        "local[*]",
        "local[2,4]",
        "local[*, 3]",
        "local-cluster[2,1,1024]",
        "local-cluster[2, 1, 1024]",
        "spark://host:7077",
        "spark://10.0.0.1:7077,other.example:7078",
        "spark://[::1]:7077",
        "k8s://https://10.0.0.1:6443",
        "yarn",
    ],
)
def test_master_of_spark_is_taken(master: str) -> None:
    assert SparkConfig(master=master).master == master


@pytest.mark.parametrize(
    "master",
    [
        "",
        "locl",
        "local[]",
        "local[0]",
        "local[two]",
        "local[2",
        "local-cluster[2,1]",
        "spark://host",
        "spark://host:",
        "spark://",
        "spark://host:7077,",
        "host:7077",
        "k8s://",
        "yarn-client",
        "local[2]\n",
    ],
)
def test_master_that_is_none_is_refused(master: str) -> None:
    with pytest.raises(ValidationError, match=r"is no master of Spark; expected local, local\[2\]"):
        SparkConfig(master=master)


@pytest.mark.parametrize("master", ["k8s://https://host:6443", "yarn"])
def test_driver_runs_on_a_cluster_that_takes_it(master: str) -> None:
    assert SparkConfig(master=master, deploy_mode="cluster").deploy_mode == "cluster"


@pytest.mark.parametrize(
    "master", ["local", "local[2]", "local-cluster[2,1,1024]", "spark://host:7077"]
)
def test_driver_on_a_cluster_that_takes_no_python_is_refused(master: str) -> None:
    with pytest.raises(ValidationError, match=r"runs no Python driver on standalone clusters"):
        SparkConfig(master=master, deploy_mode="cluster")


@pytest.mark.parametrize("name", ["executor.memory", "spark.", "hadoop.tmp.dir", "spark.a=b"])
def test_property_that_spark_would_drop_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="is no property of Spark"):
        SparkConfig(spark_conf={name: "1"})


@pytest.mark.parametrize("option", ["driver-memory", "-v", "--driver-memory=2g", "--"])
def test_override_that_is_no_option_is_refused(option: str) -> None:
    with pytest.raises(ValidationError, match="is no option of spark-submit"):
        SparkConfig(overrides={option: "2g"})


def test_no_job_at_a_time_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        SparkConfig(max_concurrent_jobs=0)
