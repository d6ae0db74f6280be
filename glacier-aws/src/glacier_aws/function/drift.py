"""Where a Lambda function differs from what its config says."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from glacier.drift import Difference, differences, missing, variables
from glacier_aws.errors import unless_missing
from glacier_aws.function.differences import fields_of, is_set
from glacier_aws.function.request import URL_AUTH, config_of, function_request, role_name
from glacier_aws.function.schedule import schedule_drift
from glacier_aws.session import session_of

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from glacier.resources import Serverless
    from glacier_aws.config import AwsConfig

_NO_SETTINGS = {"FunctionName"}


def function_drift(function: "Serverless", package: Path) -> Iterator[Difference]:
    """Yield where a function differs; what its own role may do does not count.

    Args:
        function: The function.
        package: Its zip.

    Raises:
        ClientError: AWS refuses to tell.
    """
    session = session_of(cast("AwsConfig", function.provider.config))
    client = cast("LambdaClient", session.client("lambda"))
    name, thing = function.function_name, f"function {function.function_name!r}"
    found = unless_missing(lambda: client.get_function(FunctionName=name))
    if found is None:
        yield missing(thing)
        return
    present, wanted = found["Configuration"], function_request(function, None)
    if wanted["Role"] is None:
        is_own = present["Role"].endswith(f"/{role_name(function)}")
        wanted["Role"] = present["Role"] if is_own else role_name(function)
    # What a function gets when it is made and never again is not told of it either.
    changeable = {*fields_of(client, "UpdateFunctionConfiguration"), "Architectures"}
    for setting, value in wanted.items():
        if setting == "Environment":
            there = (present.get("Environment") or {}).get("Variables", {})
            yield from variables(thing, setting, value["Variables"], there)
        elif setting in changeable - _NO_SETTINGS and not is_set(setting, value, present):
            yield Difference(thing, setting, value, present.get(setting))
    with package.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()
    others: dict[str, Any] = {"code": digest, "tags": wanted.get("Tags", {})}
    told = {"code": present.get("CodeSha256"), "tags": found.get("Tags", {})}
    yield from differences(thing, others, told)
    yield from _beside(thing, function, client)
    yield from schedule_drift(thing, function, session, present["FunctionArn"])


def _beside(thing: str, function: "Serverless", client: "LambdaClient") -> Iterator[Difference]:
    """Yield where what belongs to a function differs: what it may use, and its address."""
    config, name = config_of(function), function.function_name
    concurrency = client.get_function_concurrency(FunctionName=name)
    url: Mapping[str, Any] = (
        unless_missing(lambda: client.get_function_url_config(FunctionName=name)) or {}
    )
    wanted = {
        "reserved_concurrency": config.reserved_concurrency,
        "url": URL_AUTH if config.url else None,
    }
    found = {
        "reserved_concurrency": concurrency.get("ReservedConcurrentExecutions"),
        "url": url.get("AuthType"),
    }
    yield from differences(thing, wanted, found)
