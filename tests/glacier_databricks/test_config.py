"""The Databricks config."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from glacier_databricks.config import DatabricksConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_workers": 1}, "set both or neither"),
        ({"min_workers": 4, "max_workers": 2}, "min_workers=4 is more than max_workers=2"),
        ({"num_workers": 2, "min_workers": 1, "max_workers": 4}, "num_workers excludes"),
        (
            {"existing_cluster_id": "c", "instance_type": "m5.xlarge"},
            "existing_cluster_id and instance_type exclude each other",
        ),
        (
            {"serverless": True, "instance_pool_id": "p"},
            "serverless and instance_pool_id exclude each other",
        ),
        ({"serverless": True, "environment": {"A": "1"}}, "environment is that of a new cluster"),
        (
            {"serverless": True, "num_workers": 4, "spark_version": "16.4.x-scala2.12"},
            "num_workers and spark_version would be of a new cluster, and serverless takes none",
        ),
        (
            {"existing_cluster_id": "c", "policy_id": "p"},
            "policy_id would be of a new cluster, and existing_cluster_id takes none",
        ),
        (
            {"overrides": {"run": "fast"}},
            r"overrides\['run'\] belongs to nothing .*mapping of fields under one of run",
        ),
        (
            {"overrides": {"run": {"idempotency_token": None}}},
            r"overrides\['run'\]\['idempotency_token'\] is each submission's own",
        ),
        (
            {"overrides": {"run": {"tasks": []}}},
            r"overrides\['run'\]\['tasks'\] is each submission's own",
        ),
    ],
)
def test_contradicting_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DatabricksConfig(**settings)


def test_repr_shows_no_secret() -> None:
    config = DatabricksConfig(token=SecretStr("t0ken"), client_secret=SecretStr("s3cret"))

    assert "t0ken" not in repr(config)
    assert "s3cret" not in repr(config)


def test_size_that_shrinks_as_it_grows_is_refused() -> None:
    with pytest.raises(ValidationError, match="min_workers=5 is more than max_workers=3"):
        DatabricksConfig(min_workers=5, max_workers=3)


@pytest.mark.parametrize(
    "mistake", [{"wokers": 2}, {"existing_cluster_id": "c", "instance_type": "m5.xlarge"}]
)
def test_mistake_shows_no_secret_that_stands_beside_it(mistake: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as failure:
        DatabricksConfig(**{"token": "dapi-s3cret", **mistake})

    assert "s3cret" not in str(failure.value)
    assert "DatabricksConfig" in str(failure.value)
