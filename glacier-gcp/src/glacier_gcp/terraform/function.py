"""Cloud Functions as blocks of Terraform, from the requests that `deploy()` sends too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glacier.overrides import overridden
from glacier.terraform import Block, Expression, Ref, Text
from glacier.terraform.packages import Package
from glacier_gcp.function.request import (
    INVOKER,
    PACKAGE_LABEL,
    account_id_of,
    account_of,
    config_of,
    digest_of,
    function_request,
    job_request,
)
from glacier_gcp.terraform.blocks import Body, Description, arguments_of
from glacier_gcp.terraform.bucket import bucket_blocks

if TYPE_CHECKING:
    from glacier.resources import Bucket, Serverless
    from glacier.terraform import Estate

_FUNCTION, _JOB = "google_cloudfunctions2_function", "google_cloud_scheduler_job"
_ACCOUNT, _OBJECT = "google_service_account", "google_storage_bucket_object"

_OF_A_SERVICE = (
    *("all_traffic_on_latest_revision", "available_cpu", "available_memory"),
    *("environment_variables", "ingress_settings", "max_instance_count"),
    *("max_instance_request_concurrency", "min_instance_count", "service_account_email"),
    *("timeout_seconds", "vpc_connector", "vpc_connector_egress_settings"),
)
"""The fields of a request's `serviceConfig` for which Terraform has arguments."""


def function_blocks(
    estate: "Estate", function: "Serverless", package: Callable[[], Path]
) -> Iterator[Block]:
    """Yield a function with its account, its code in staging, its callers and its schedule.

    Args:
        estate: What the adapter was told.
        function: The function.
        package: Builds its zip, in a new directory that belongs to the caller.

    Raises:
        FunctionError: Google does not have the runtime, or a setting holds a secret.
    """
    name, config = function.function_name, config_of(function)
    of = Description(estate, function)
    body = _function(function, of)
    if config.service_account is None:
        account = account_id_of(function)
        yield from of.account(account, estate.access(function), f"Runs the function {name}")
        body["service_config"]["service_account_email"] = Ref(_ACCOUNT, account, "email")
    staging = estate.staging()
    yield from bucket_blocks(estate, staging)
    yield of.block(
        _OBJECT,
        _object_key(function),
        {
            "bucket": Ref("google_storage_bucket", staging.bucket_name, "name"),
            "name": _name_of_code(function, staging),
            "source": Package(name).source,
        },
        files=Package(name).files(package),
    )
    body = overridden(body, config.overrides.get(_FUNCTION, {}))
    yield of.block(_FUNCTION, name, body, outputs={f"function_{name}": "url"})
    yield from _callers(of, function)
    yield from _schedule(of, function)


def _function(function: "Serverless", of: Description) -> Body:
    request = function_request(function)
    service = arguments_of(request["serviceConfig"], data=("environmentVariables",))
    code = _object_key(function)
    build = arguments_of(request["buildConfig"])
    return {
        "name": function.function_name,
        "location": of.config.region,
        "labels": {**request["labels"], PACKAGE_LABEL: _package_digest(function)},
        "build_config": {
            "runtime": build.get("runtime"),
            "entry_point": build.get("entry_point"),
            "source": {
                "storage_source": {
                    "bucket": Ref(_OBJECT, code, "bucket"),
                    "object": Ref(_OBJECT, code, "name"),
                }
            },
        },
        "service_config": {one: service[one] for one in _OF_A_SERVICE if one in service},
    }


def _callers(of: Description, function: "Serverless") -> Iterator[Block]:
    """Yield the right to call the function, for everybody who needs it."""
    config, name = config_of(function), function.function_name
    members: dict[str, Any] = {one: one for one in config.invokers}  # Any: a text or a reference
    if config.schedule is not None:
        members["schedule"] = f"serviceAccount:{account_of(function)}"
        if config.service_account is None:
            members["schedule"] = Ref(_ACCOUNT, account_id_of(function), "member")
    for key, member in members.items():
        body = {
            "location": Ref(_FUNCTION, name, "location"),
            "name": Ref(_FUNCTION, name, "name"),
            "role": INVOKER,
            "member": member,
        }
        yield of.block("google_cloud_run_v2_service_iam_member", f"{name}_{key}", body)


def _schedule(of: Description, function: "Serverless") -> Iterator[Block]:
    config, name = config_of(function), function.function_name
    request = job_request(function, "")
    if request is None:
        return
    uri = Ref(_FUNCTION, name, "service_config[0].uri")
    target = request["httpTarget"]
    token: Body = {"service_account_email": account_of(function), "audience": uri}
    if config.service_account is None:
        token["service_account_email"] = Ref(_ACCOUNT, account_id_of(function), "email")
    body = {
        "name": request["name"].rpartition("/")[2],
        "region": of.config.region,
        "description": request["description"],
        "schedule": request["schedule"],
        "time_zone": request["timeZone"],
        "attempt_deadline": request["attemptDeadline"],
        "http_target": {
            "uri": uri,
            "http_method": target["httpMethod"],
            "headers": target["headers"],
            "body": target["body"],
            "oidc_token": token,
        },
        "depends_on": [Ref("google_cloud_run_v2_service_iam_member", f"{name}_schedule")],
    }
    yield of.block(_JOB, name, overridden(body, config.overrides.get(_JOB, {})))


def _object_key(function: "Serverless") -> str:
    return f"function_{function.function_name}"


def _package_digest(function: "Serverless") -> Expression:
    """Return the digest by which `deploy()` too knows this very zip, which Terraform takes."""
    whole = Package(function.function_name).hashed("filesha256").text
    return Expression(f"substr({whole}, 0, {len(digest_of(b''))})")


def _name_of_code(function: "Serverless", staging: "Bucket") -> Text:
    """Return a name that is another one for other code, so that other code is deployed."""
    place = f"{staging.path.removesuffix('jobs/')}functions/"
    return Text((place, Package(function.function_name).hashed("filesha256"), ".zip"))
