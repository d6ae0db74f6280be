"""A whole pipeline runs inside Lambda, on a schedule of EventBridge."""

from uuid import uuid4

import pytest

from glacier import Provider, Serverless
from glacier.resources.schedules import Cron
from glacier_aws.config import LambdaConfig
from glacier_aws.function.schedule import eventbridge_cron
from tests.functions.pipeline_cases import PipelinesInFunctions, Platform
from tests.glacier_aws.lambda_functions import client
from tests.rigs.aws.server import AwsServer


class TestPipelines(PipelinesInFunctions):
    config = "AwsConfig"
    schedule = "cron(0 6 * * ? *)"

    @pytest.fixture
    def platform(self, aws_server: AwsServer) -> Platform:
        self._server = aws_server
        provider, lake = Provider(aws_server.config()), f"lake-{uuid4().hex[:8]}"
        provider.bucket(lake, "").deploy()
        variables = {"AWS_ENDPOINT_URL": aws_server.endpoint}
        return Platform(provider, LambdaConfig(memory_mb=1024, environment=variables), lake)

    def present_schedule(self, function: Serverless) -> str:
        events = client(self._server, "events")
        rule = events.describe_rule(Name=f"glacier-{function.function_name}-schedule")
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Input"] == "{}"
        return str(rule["ScheduleExpression"])


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
