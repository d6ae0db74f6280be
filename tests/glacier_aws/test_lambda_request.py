"""What a Lambda function has to be, told without asking AWS."""

import json
from typing import Any

import pytest

from glacier import Provider, Serverless
from glacier.access import Access
from glacier.config import AwsConfig, LambdaConfig
from glacier.errors import FunctionError
from glacier_aws.function.request import (
    code_key,
    function_request,
    role_name,
    role_statements,
    rule_name,
    rule_request,
)

ROLE = "arn:aws:iam::123456789012:role/r"


def make(name: str = "score", region: str = "eu-central-1", **config: Any) -> Serverless:
    provider = Provider(AwsConfig(region=region), {"team": "data"})
    return provider.serverless(name, "json:loads", config=LambdaConfig(**config))


def test_request_has_every_setting() -> None:
    request = function_request(make(environment={"A": "1"}, subnet_ids=["s"]), ROLE)

    assert request == {
        "FunctionName": "score",
        "Role": ROLE,
        "Runtime": "python3.11",
        "Handler": "glacier_lambda.handler",
        "MemorySize": 512,
        "Timeout": 60,
        "Architectures": ["x86_64"],
        "Layers": [],
        "Environment": {"Variables": {"A": "1"}},
        "VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": []},
        "Tags": {"team": "data"},
    }


def test_role_of_the_config_comes_first() -> None:
    assert function_request(make(role_arn=ROLE), "another")["Role"] == ROLE


def test_overrides_are_merged_last_and_into_one_another() -> None:
    overrides = {"Timeout": 5, "Environment": {"Variables": {"B": "2"}}, "Description": "d"}

    request = function_request(make(environment={"A": "1"}, overrides=overrides), ROLE)

    assert request["Timeout"] == 5
    assert request["Environment"] == {"Variables": {"A": "1", "B": "2"}}
    assert request["Description"] == "d"


def test_request_of_a_runtime_that_is_no_more_is_refused() -> None:
    function = Provider(AwsConfig(region="eu-central-1")).serverless(
        "score", "json:loads", "python3.9"
    )

    with pytest.raises(FunctionError, match=r"asks for the runtime 'python3\.9'"):
        function_request(function, ROLE)


def test_schedule_becomes_a_rule() -> None:
    rule = rule_request(make(schedule="rate(1 hour)"))

    assert rule is not None
    assert (rule["Name"], rule["ScheduleExpression"]) == ("glacier-score-schedule", "rate(1 hour)")
    assert rule_request(make()) is None


@pytest.mark.parametrize("name_of", [role_name, rule_name])
def test_names_fit_and_differ(name_of: Any) -> None:
    names = [name_of(make(f"{'x' * 63}{end}")) for end in "ab"]

    assert [len(name) for name in names] == [64, 64]
    assert names[0] != names[1]


@pytest.mark.parametrize(
    ("path", "expected"), [("jobs/", "functions/d.zip"), ("a/jobs/", "a/functions/d.zip")]
)
def test_code_lies_beside_the_jobs(path: str, expected: str) -> None:
    assert code_key(path, "d") == expected


def test_role_joins_a_vpc_only_where_the_function_does() -> None:
    access = Access((), ())

    inside = role_statements(make(subnet_ids=["s"]), access, "123456789012")
    outside = role_statements(make(), access, "123456789012")

    assert "ec2:CreateNetworkInterface" in json.dumps(inside)
    assert "ec2:" not in json.dumps(outside)


def test_role_names_the_partition_of_the_region() -> None:
    statements = role_statements(make(region="cn-north-1"), Access((), ()), "123456789012")

    assert statements[0]["Resource"][0] == (
        "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/score"
    )
