"""What a Lambda function has to be, as AWS's own requests say it: pure functions of a resource.

`deploy()` and Terraform both start from here, so that they build the same function.
"""

import json
import re
from typing import TYPE_CHECKING, Any, Literal, cast

from glacier.errors import FunctionError
from glacier.jobs.handler_code import refuse_secrets
from glacier.overrides import overridden
from glacier_aws import iam
from glacier_aws.config import AwsConfig, LambdaConfig
from glacier_aws.iam import Statement, bucket_statements, partition_of

if TYPE_CHECKING:
    from glacier.access import Access
    from glacier.provider import Provider
    from glacier.resources import Serverless

SERVICE = "lambda.amazonaws.com"
"""Who takes on a function's role."""

EVENTS_SERVICE = "events.amazonaws.com"
"""Who calls a function by its schedule."""

HANDLER = "glacier_lambda.handler"
"""What Lambda calls in the zip, which calls the user's handler."""

URL_AUTH: Literal["AWS_IAM"] = "AWS_IAM"
"""Who may call a function's URL: identities of AWS that have the right to."""

SCHEDULE_STATEMENT = "glacier-schedule"
"""The statement of a function's policy that lets its schedule call it."""

SCHEDULE_PAYLOAD = "{}"
"""What a schedule calls a function with, as on every platform."""

SCHEDULE_TARGET = "function"
"""The target of a schedule's rule."""

_OLDEST_MINOR = 11
_NETWORK_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


def config_of(function: "Serverless") -> LambdaConfig:
    """Return a function's config, with the defaults where it has none."""
    return cast("LambdaConfig", function.config or LambdaConfig())


def python_of(function: "Serverless") -> str:
    """Return the version of Python that a function's runtime has, such as `3.11`.

    Raises:
        FunctionError: Lambda has ended that runtime, or it is none of Python.
    """
    found = re.fullmatch(r"python3\.(\d+)", function.runtime)
    if found is None or int(found[1]) < _OLDEST_MINOR:
        problem = (
            "Lambda takes it no more for new code, and Glacier and Polars need Python 3.11"
            if found
            else "handlers are Python functions"
        )
        raise FunctionError(
            f"The function {function.function_name!r} asks for the runtime {function.runtime!r}: "
            f"{problem}. Use runtime='python3.11' or a later one.",
            function_name=function.function_name,
            runtime=function.runtime,
        )
    return f"3.{found[1]}"


def role_name(function: "Serverless") -> str:
    """Return the name of the role that is made where the config names none."""
    return iam.role_name("lambda", function.function_name, _region_of(function.provider))


def rule_name(function: "Serverless") -> str:
    """Return the name of the EventBridge rule of a function's schedule."""
    return iam.short_name(f"glacier-{function.function_name}-schedule")


def code_key(staging_path: str, sha256: str) -> str:
    """Return the key of a function's zip in the staging bucket.

    Args:
        staging_path: The path of `glacier.jobs.staging.staging_of(provider)`.
        sha256: The zip's digest, in hexadecimal digits.
    """
    return f"{staging_path.removesuffix('jobs/')}functions/{sha256}.zip"


def role_statements(function: "Serverless", access: "Access", account_id: str) -> list[Statement]:
    """Return the rights of a function's role: its log, its buckets, and its place in a VPC."""
    region = _region_of(function.provider)
    group = f"log-group:/aws/lambda/{function.function_name}"
    logs = f"arn:{partition_of(region)}:logs:{region}:{account_id}:{group}"
    statements: list[Statement] = [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [logs, f"{logs}:*"],
        },
        *bucket_statements(access, region),
    ]
    if config_of(function).subnet_ids:
        # What network interfaces are called is not known before; AWS's own policy says `*` too.
        statements.append({"Effect": "Allow", "Action": _NETWORK_ACTIONS, "Resource": "*"})
    return statements


def function_request(function: "Serverless", role_arn: str | None) -> dict[str, Any]:
    """Return the fields of `CreateFunction` but for its code, `overrides` merged last.

    Args:
        function: The function.
        role_arn: The role to run as, where the config names none.

    Returns:
        Also what is empty, since an update has to say so: `Layers`, `Environment`, `VpcConfig`.

    Raises:
        FunctionError: A runtime that is no more, or a secret among the settings.
    """
    python_of(function)
    config = config_of(function)
    request = {
        "FunctionName": function.function_name,
        "Role": config.role_arn or role_arn,
        "Runtime": function.runtime,
        "Handler": HANDLER,
        "MemorySize": config.memory_mb,
        "Timeout": config.timeout_seconds,
        "Architectures": [config.architecture],
        "Layers": list(config.layers),
        "Environment": {"Variables": dict(config.environment)},
        "VpcConfig": {
            "SubnetIds": list(config.subnet_ids),
            "SecurityGroupIds": list(config.security_group_ids),
        },
        "Tags": dict(function.provider.tags),
    }
    found = overridden(request, config.overrides)
    refuse_secrets(function, "settings", json.dumps(found, default=str).encode())
    return found


def rule_request(function: "Serverless") -> dict[str, Any] | None:
    """Return the fields of `PutRule` for a function's schedule; None where it has none."""
    schedule = config_of(function).schedule
    if schedule is None:
        return None
    return {
        "Name": rule_name(function),
        "ScheduleExpression": schedule,
        "State": "ENABLED",
        "Description": f"Calls the function {function.function_name}.",
    }


def _region_of(provider: "Provider") -> str:
    return cast("AwsConfig", provider.config).region
