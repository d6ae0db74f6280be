"""Where a Lambda function differs from what its config says."""

import base64
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from glacier.drift import Difference, differences, missing, variables
from glacier_aws.errors import unless_missing
from glacier_aws.function.differences import is_set
from glacier_aws.function.request import (
    config_of,
    function_request,
    rule_name,
    rule_request,
)
from glacier_aws.session import session_of

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient

    from glacier.resources import Serverless
    from glacier_aws.config import AwsConfig

_NO_SETTINGS = {"FunctionName", "Tags"}


def function_drift(function: "Serverless", package: Path) -> tuple[Difference, ...]:
    """Return where a function differs; a role that is its own does not count.

    Args:
        function: The function.
        package: Its zip, whose directory is removed afterwards.

    Raises:
        ClientError: AWS refuses to tell.
    """
    try:
        return tuple(_differences(function, package))
    finally:
        shutil.rmtree(package.parent)


def _differences(function: "Serverless", package: Path) -> Iterator[Difference]:
    session = session_of(cast("AwsConfig", function.provider.config))
    client = cast("LambdaClient", session.client("lambda"))
    name, thing = function.function_name, f"function {function.function_name!r}"
    found = unless_missing(lambda: client.get_function(FunctionName=name))
    if found is None:
        yield missing(thing)
        return
    present, wanted = found["Configuration"], function_request(function, None)
    for setting, value in wanted.items():
        is_own_role = setting == "Role" and value is None
        if setting == "Environment":
            there = (present.get("Environment") or {}).get("Variables", {})
            yield from variables(thing, setting, value["Variables"], there)
        elif (
            setting not in _NO_SETTINGS and not is_own_role and not is_set(setting, value, present)
        ):
            yield Difference(thing, setting, value, present.get(setting))
    with package.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()
    others: dict[str, Any] = {"code": digest, "tags": wanted.get("Tags", {})}
    told = {"code": present.get("CodeSha256"), "tags": found.get("Tags", {})}
    yield from differences(thing, others, told)
    yield from _beside(thing, function, client, session.client("events"))


def _beside(
    thing: str, function: "Serverless", client: "LambdaClient", events: "EventBridgeClient"
) -> Iterator[Difference]:
    """Yield where what belongs to a function differs: what it may use, its address, its rule."""
    config, name = config_of(function), function.function_name
    concurrency = client.get_function_concurrency(FunctionName=name)
    url = unless_missing(lambda: client.get_function_url_config(FunctionName=name))
    rule: Mapping[str, Any] = (
        unless_missing(lambda: events.describe_rule(Name=rule_name(function))) or {}
    )
    schedule = rule_request(function) or {}
    wanted = {
        "reserved_concurrency": config.reserved_concurrency,
        "url": config.url,
        "schedule": schedule.get("ScheduleExpression"),
    }
    found = {
        "reserved_concurrency": concurrency.get("ReservedConcurrentExecutions"),
        "url": url is not None,
        "schedule": rule.get("ScheduleExpression"),
    }
    yield from differences(thing, wanted, found)
