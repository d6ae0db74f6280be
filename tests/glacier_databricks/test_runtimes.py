"""Which runtime suits a caller, and which are too old."""

import sys

import pytest

from glacier import Provider
from glacier.config import AwsConfig, DatabricksConfig
from glacier_databricks.executor import DatabricksAdapter
from glacier_databricks.runtimes import RUNTIMES, default_runtime, python_of, runs_tasks


@pytest.mark.parametrize(
    ("python", "key"),
    [
        ("3.11", "15.4.x-scala2.12"),
        ("3.12", "18.x-scala2.13"),
        ("3.13", "19.x-scala2.13"),
        ("3.14", "19.x-scala2.13"),
    ],
)
def test_default_is_the_newest_lts_with_the_callers_python_else_the_newest(
    python: str, key: str
) -> None:
    assert default_runtime(python).key == key


def test_default_is_by_this_very_python() -> None:
    here = "{}.{}".format(*sys.version_info)

    assert default_runtime() == default_runtime(here)


@pytest.mark.parametrize(
    ("key", "python", "is_new"),
    [
        ("13.3.x-scala2.12", "3.10", False),
        ("14.3.x-cpu-ml-scala2.12", "3.10", False),
        ("15.1.x-scala2.12", "3.11", True),
        ("15.4.x-photon-scala2.12", "3.11", True),
        ("16.2.x-scala2.12", "3.12", True),
        ("18.x-scala2.13", "3.12", True),
        ("18.2.x-scala2.13", "3.12", True),
        ("25.1.x-scala3", None, True),
        ("custom:our-image", None, True),
    ],
)
def test_python_of_a_runtime_is_known_by_its_key(
    key: str, python: str | None, is_new: bool
) -> None:
    assert (python_of(key), runs_tasks(key)) == (python, is_new)


def test_runtimes_are_in_their_order_and_known_by_their_keys() -> None:
    assert list(RUNTIMES) == sorted(RUNTIMES, key=lambda one: one.version)
    assert all(python_of(one.key) == one.python for one in RUNTIMES)


@pytest.mark.parametrize(
    ("fields", "python"),
    [
        ({"spark_version": "16.4.x-scala2.12"}, "3.12"),
        ({"overrides": {"spark_version": "14.3.x-scala2.12"}}, "3.10"),
        ({"existing_cluster_id": "c"}, None),
        ({"existing_cluster_id": "c", "spark_version": "15.4.x-scala2.12"}, "3.11"),
        ({"serverless": True}, "3.12"),
        ({"serverless": True, "environment_version": "2"}, "3.11"),
        ({"serverless": True, "environment_version": "99"}, None),
    ],
)
def test_executor_knows_its_python_where_its_config_says_it(
    fields: dict[str, object], python: str | None
) -> None:
    config = DatabricksConfig.model_validate(fields)
    executor = Provider(config=AwsConfig(region="us-east-1")).executor("etl", config=config)

    adapter = executor.adapter

    assert isinstance(adapter, DatabricksAdapter)
    assert adapter.python == python
