"""A whole pipeline runs inside a platform's function, on a schedule."""

from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar
from uuid import uuid4

import polars as pl
import pytest

from glacier import Provider, Serverless
from glacier.config.base import Config
from glacier.errors import FunctionError
from tests.projects import Project

DAILY = """
    import polars as pl

    from glacier import Provider, pipeline, task
    from glacier.config import {config}


    @task
    def load(lake: str) -> pl.LazyFrame:
        return Provider({config}.from_env()).bucket(lake, "in.parquet").scan()


    @task
    def save(rows: pl.LazyFrame, lake: str) -> None:
        doubled = rows.select(pl.col("n") * 2)
        Provider({config}.from_env()).bucket(lake, "out.parquet").write(doubled)


    @pipeline
    def daily(lake: str = "lake") -> None:
        save(load(lake), lake)
"""


@dataclass(frozen=True, slots=True)
class Platform:
    """Where the function runs.

    Attributes:
        provider: A provider of it.
        config: The function's config; None for the defaults.
        lake: A new bucket that the function may use.
    """

    provider: Provider
    config: Config | None
    lake: str


class PipelinesInFunctions:
    """What holds on every platform; a subclass binds `platform` and `project`.

    Attributes:
        config: The name of the platform's config.
        schedule: `cron(0 6 * * *)` in its words.
        in_terraform: Whether Terraform makes the schedule, and not the code.
    """

    config: ClassVar[str]
    schedule: ClassVar[str]
    in_terraform: ClassVar[bool] = True

    def present_schedule(self, function: Serverless) -> str:
        """Return the schedule by which the platform calls a function."""
        raise NotImplementedError

    @pytest.fixture
    def function(self, platform: Platform, project: Project) -> Serverless:
        """A pipeline that is deployed on a schedule."""
        daily = import_module(project.module(DAILY.format(config=self.config))).daily
        name = f"daily-{uuid4().hex[:8]}"
        made = platform.provider.serverless(name, daily, config=platform.config)
        daily.deploy(serverless=made, schedule="cron(0 6 * * *)")
        return made

    def test_pipeline_runs_in_a_function_and_tells_of_its_run(
        self, platform: Platform, function: Serverless
    ) -> None:
        rows = platform.provider.bucket(platform.lake, "in.parquet")
        rows.write(pl.DataFrame({"n": [1, 2]}))

        told = function.invoke({"lake": platform.lake})

        written = platform.provider.bucket(platform.lake, "out.parquet")
        assert written.read()["n"].to_list() == [2, 4]
        assert (told["pipeline"], told["status"]) == ("daily", "SUCCEEDED")
        assert told["tasks"]["save"]["writes"] == [written.get_uri()]
        assert self.present_schedule(function) == self.schedule
        assert (self.schedule in str(platform.provider.terraform())) is self.in_terraform
        with pytest.raises(FunctionError, match="takes lake; the payload has lakes"):
            function.invoke({"lakes": "x"})
