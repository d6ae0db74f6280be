"""A whole pipeline runs inside Lambda, on a schedule."""

from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from glacier import Provider
from glacier.resources.schedules import Cron
from glacier_aws.config import LambdaConfig
from glacier_aws.function.schedule import eventbridge_cron
from tests.glacier_aws.lambda_functions import client
from tests.projects import Project
from tests.rigs.aws.server import AwsServer

DAILY = """
    import polars as pl

    from glacier import Provider, pipeline, task
    from glacier.config import AwsConfig


    @task
    def load(lake: str) -> pl.LazyFrame:
        return Provider(AwsConfig.from_env()).bucket(lake, "in.parquet").scan()


    @task
    def save(rows: pl.LazyFrame, lake: str) -> None:
        target = Provider(AwsConfig.from_env()).bucket(lake, "out.parquet")
        target.write(rows.select(pl.col("n") * 2))


    @pipeline
    def daily(lake: str) -> None:
        save(load(lake), lake)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.syspath_prepend(tmp_path / "project")
    return Project(tmp_path / "project")


def test_pipeline_runs_in_lambda_and_tells_of_its_run(
    aws_server: AwsServer, project: Project
) -> None:
    module = __import__(project.module(DAILY))
    provider = Provider(aws_server.config())
    lake = f"lake-{uuid4().hex[:8]}"
    rows = provider.bucket(lake, "in.parquet")
    rows.deploy()
    rows.write(pl.DataFrame({"n": [1, 2]}))
    name = f"daily-{uuid4().hex[:8]}"
    config = LambdaConfig(memory_mb=1024, environment={"AWS_ENDPOINT_URL": aws_server.endpoint})
    function = provider.serverless(name, module.daily, config=config)

    module.daily.deploy(serverless=function, schedule="cron(0 6 * * *)")
    told = function.invoke({"lake": lake})

    assert provider.bucket(lake, "out.parquet").read()["n"].to_list() == [2, 4]
    assert told["status"] == "SUCCEEDED"
    assert told["tasks"]["save"]["writes"] == [f"s3://{lake}/out.parquet"]
    events = client(aws_server, "events")
    rule = events.describe_rule(Name=f"glacier-{name}-schedule")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert (rule["ScheduleExpression"], target["Input"]) == ("cron(0 6 * * ? *)", "{}")
    tree = provider.terraform().tree["resource"]
    (of_terraform,) = tree["aws_cloudwatch_event_rule"].values()
    assert of_terraform["schedule_expression"] == "cron(0 6 * * ? *)"


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        (Cron("0", "6", "*", "*", "*"), "cron(0 6 * * ? *)"),
        (Cron("30", "*/2", "1", "*", "*"), "cron(30 */2 1 * ? *)"),
        (Cron("0", "6", "*", "*", "MON-FRI"), "cron(0 6 ? * MON-FRI *)"),
        (Cron("0", "6", "*", "*", "1-5"), "cron(0 6 ? * 2-6 *)"),
        (Cron("0", "6", "*", "*", "0,7"), "cron(0 6 ? * 1,1 *)"),
        (Cron("0", "6", "*", "*", "*/2"), "cron(0 6 ? * */2 *)"),
    ],
)
def test_cron_in_the_words_of_eventbridge(cron: Cron, expected: str) -> None:
    assert eventbridge_cron(cron) == expected
