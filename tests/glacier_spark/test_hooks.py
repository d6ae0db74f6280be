"""What the plugin registers."""

from pathlib import Path

import pytest

from glacier import Provider
from glacier.config import AwsConfig, LocalConfig, ProviderConfig, SparkConfig
from glacier_spark.executor import SparkExecutorAdapter


@pytest.mark.parametrize("platform", [LocalConfig(), AwsConfig(region="eu-central-1")])
def test_executor_is_a_spark_under_any_provider(
    platform: ProviderConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    executor = Provider(config=platform).executor("spark", config=SparkConfig())

    adapter = executor.adapter

    assert isinstance(adapter, SparkExecutorAdapter)
    assert adapter.engine == "spark"
