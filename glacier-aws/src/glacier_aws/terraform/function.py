"""Lambda functions as blocks of Terraform, from the requests that `deploy()` sends too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.terraform import Block, Ref, Text
from glacier.terraform.packages import Package
from glacier_aws.function.request import (
    EVENTS_SERVICE,
    SCHEDULE_STATEMENT,
    SCHEDULE_TARGET,
    SERVICE,
    URL_AUTH,
    code_key,
    config_of,
    function_request,
    role_name,
    role_statements,
    rule_request,
)
from glacier_aws.terraform.blocks import Body, Description, arguments_of, staging_of_estate
from glacier_aws.terraform.bucket import bucket_blocks

if TYPE_CHECKING:
    from glacier.resources import Bucket, Serverless
    from glacier.terraform import Estate


def function_blocks(
    estate: "Estate", function: "Serverless", package: Callable[[], Path]
) -> Iterator[Block]:
    """Yield a function with its role, its code in staging, its log, its URL and its schedule.

    Args:
        estate: What the adapter was told.
        function: The function.
        package: Builds its zip, in a new directory that belongs to the caller.
    """
    name = function.function_name
    of = Description(estate, function)
    staging, account_id = staging_of_estate(estate)
    body = _function(function)
    needed = [Ref("aws_cloudwatch_log_group", name)]
    if "role" not in body:
        access = estate.access(function)
        statements = role_statements(function, access, account_id)
        yield from of.role(role_name(function), SERVICE, statements, access.note)
        body["role"] = Ref("aws_iam_role", role_name(function), "arn")
        needed.append(Ref("aws_iam_role_policy", role_name(function)))
    yield from bucket_blocks(estate, staging)
    yield of.block(
        "aws_s3_object",
        _object_key(function),
        {
            "bucket": Ref("aws_s3_bucket", staging.bucket_name, "id"),
            "key": _key_of_code(function, staging),
            "source": Package(name).source,
        },
        files=Package(name).files(package),
    )
    log = {"name": f"/aws/lambda/{name}", "tags": of.tags}
    yield of.block("aws_cloudwatch_log_group", name, log)
    yield of.block(
        "aws_lambda_function",
        name,
        {**body, "depends_on": needed},
        outputs={f"function_{name}": "arn"},
    )
    yield from _ways_to_call(of, function)


def _function(function: "Serverless") -> Body:
    body = arguments_of(function_request(function, None))
    code = _object_key(function)
    body["s3_bucket"] = Ref("aws_s3_object", code, "bucket")
    body["s3_key"] = Ref("aws_s3_object", code, "key")
    body["source_code_hash"] = Package(function.function_name).hashed("filebase64sha256")
    body["reserved_concurrent_executions"] = config_of(function).reserved_concurrency
    return body


def _ways_to_call(of: Description, function: "Serverless") -> Iterator[Block]:
    """Yield a function's URL and its schedule, where it has them."""
    name = function.function_name
    whose = {"function_name": Ref("aws_lambda_function", name, "function_name")}
    if config_of(function).url:
        yield of.block(
            "aws_lambda_function_url",
            name,
            {**whose, "authorization_type": URL_AUTH},
            outputs={f"function_{name}_url": "function_url"},
        )
    rule = rule_request(function)
    if rule is None:
        return
    kind = "aws_cloudwatch_event_rule"
    yield of.block(kind, rule["Name"], {**arguments_of(rule), "tags": of.tags})
    yield of.block(
        "aws_cloudwatch_event_target",
        rule["Name"],
        {
            "rule": Ref(kind, rule["Name"], "name"),
            "target_id": SCHEDULE_TARGET,
            "arn": Ref("aws_lambda_function", name, "arn"),
        },
    )
    yield of.block(
        "aws_lambda_permission",
        rule["Name"],
        {
            **whose,
            "statement_id": SCHEDULE_STATEMENT,
            "action": "lambda:InvokeFunction",
            "principal": EVENTS_SERVICE,
            "source_arn": Ref(kind, rule["Name"], "arn"),
        },
    )


def _object_key(function: "Serverless") -> str:
    return f"function_{function.function_name}"


def _key_of_code(function: "Serverless", staging: "Bucket") -> Text:
    """Return the key that `deploy()` too gives to this very zip."""
    mark = "sha256"
    before, _, after = code_key(staging.path, mark).partition(mark)
    return Text((before, Package(function.function_name).hashed("filesha256"), after))
