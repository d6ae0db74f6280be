"""Spark passes the shared cases: all on a standalone cluster, those with functions on local[2]."""

from pathlib import Path

import pytest

from glacier.config import LocalConfig, SparkConfig
from glacier.provider import Provider
from glacier.resources import Executor
from glacier.testing import ExecutorCases, Rig
from glacier.testing.executor_function_cases import FunctionCases
from tests.rigs.spark import SparkCluster, spark_config


class SparkRig(Rig):
    """An open Spark whose drivers, and whose buckets, are on this machine."""

    job_seconds = 120.0

    def __init__(self, base_path: Path, config: SparkConfig) -> None:
        self._base_path = base_path
        self._config = config

    def provider(self) -> Provider:
        return Provider(config=LocalConfig(base_path=self._base_path))

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        config = self._config.model_copy(update={"max_concurrent_jobs": most_at_once})
        return self.provider().executor("spark", config=config)


class TestStandaloneExecutor(ExecutorCases):
    @pytest.fixture
    def rig(self, tmp_path: Path, spark_cluster: SparkCluster) -> Rig:
        return SparkRig(tmp_path / "base", spark_cluster.config())


class TestLocalExecutor(FunctionCases):
    @pytest.fixture
    def rig(self, tmp_path: Path, java: None) -> Rig:
        return SparkRig(tmp_path / "base", spark_config("local[2]"))
