"""The Spark config."""

from glacier_spark.config import SparkConfig


def test_default_is_a_spark_on_this_machine() -> None:
    assert SparkConfig().master == "local[*]"
    assert SparkConfig().deploy_mode == "client"
