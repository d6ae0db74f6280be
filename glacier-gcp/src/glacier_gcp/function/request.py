"""What a Cloud Function has to be, as Google's own requests say it: pure functions of a resource.

`deploy()` and Terraform both start from here, so that they build the same function.
"""

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, cast

from glacier.errors import FunctionError
from glacier.jobs.handler_code import refuse_secrets
from glacier.overrides import overridden
from glacier_gcp import iam
from glacier_gcp.config import GcpConfig
from glacier_gcp.labels import labels_of
from glacier_gcp.resource_configs import CloudFunctionConfig

if TYPE_CHECKING:
    from glacier.resources import Serverless

ENTRY_POINT = "call"
"""What Google calls in `main.py`, which calls the user's handler."""

PACKAGE_LABEL = "glacier-package"
"""The label of a function that holds the digest of the zip that it runs."""

SETTINGS_LABEL = "glacier-settings"
"""The label of a function that lists which of `FILLED` Glacier has set, so that it gives them back
to Google once they are not wanted any more."""

FILLED = {"availableCpu": "available_cpu", "maxInstanceCount": "max_instance_count"}
"""What Google itself fills in where nothing is said, and what a label and a mask call it."""

GOOGLES_VARIABLES = frozenset({"LOG_EXECUTION_ID"})
"""Environment variables that Google itself gives to functions:
https://cloud.google.com/functions/docs/release-notes#June_18_2024"""

INVOKER = "roles/run.invoker"
"""The role of those who may call a function, on its Cloud Run service."""

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""What Google runs, of what Glacier and Polars run on:
https://cloud.google.com/functions/docs/runtime-support#python"""

LONGEST_SCHEDULED_SECONDS = 1800
"""How long Cloud Scheduler waits for an answer at most:
https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#Job"""

_SHORTEST_SCHEDULED_SECONDS = 15
_INGRESS = {
    "all": "ALLOW_ALL",
    "internal": "ALLOW_INTERNAL_ONLY",
    "internal_and_load_balancer": "ALLOW_INTERNAL_AND_GCLB",
}
_DIGEST_CHARACTERS = 40  # labels have 63 at most


def config_of(function: "Serverless") -> CloudFunctionConfig:
    """Return a function's config, with the defaults where it has none."""
    return cast("CloudFunctionConfig", function.config or CloudFunctionConfig())


def provider_config_of(function: "Serverless") -> GcpConfig:
    """Return the config of a function's provider."""
    return cast("GcpConfig", function.provider.config)


def python_of(function: "Serverless") -> str:
    """Return the version of Python that a function's runtime has, such as `3.11`.

    Raises:
        FunctionError: Google does not run it, or it is none of Python.
    """
    found = re.fullmatch(r"python(\d+\.\d+)", function.runtime)
    if found is None or found[1] not in PYTHONS:
        problem = (
            f"Cloud Functions and Polars have Python {', '.join(PYTHONS)} in common"
            if found
            else "handlers are Python functions"
        )
        raise FunctionError(
            f"The function {function.function_name!r} asks for the runtime {function.runtime!r}: "
            f"{problem}. Use runtime='python3.11', or a later one of these.",
            function_name=function.function_name,
            runtime=function.runtime,
        )
    return found[1]


def parent_of(function: "Serverless") -> str:
    """Return where a function is: its project and its region."""
    config = provider_config_of(function)
    return f"projects/{config.project}/locations/{config.region}"


def full_name(function: "Serverless") -> str:
    """Return what Google calls a function."""
    return f"{parent_of(function)}/functions/{function.function_name}"


def account_id_of(function: "Serverless") -> str:
    """Return the id of the service account that is made where the config names none."""
    region = provider_config_of(function).region
    return iam.account_id("function", function.function_name, region)


def account_of(function: "Serverless") -> str:
    """Return the e-mail address of the service account that a function runs as."""
    project = provider_config_of(function).project
    own = iam.account_email(account_id_of(function), project)
    return config_of(function).service_account or own


def digest_of(content: bytes) -> str:
    """Return the digest of some content, as short as a label has to be."""
    return hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]


def function_request(function: "Serverless") -> dict[str, Any]:
    """Return a function as the API has it but for its code, `overrides` merged last.

    Raises:
        FunctionError: A runtime that Google does not have, or a secret among the settings.
    """
    request = {
        "environment": "GEN_2",
        "labels": labels_of(function.provider.tags),
        "buildConfig": {
            "runtime": f"python{python_of(function).replace('.', '')}",
            "entryPoint": ENTRY_POINT,
        },
        "serviceConfig": _service(function),
    }
    found = overridden(request, config_of(function).overrides.get("functions", {}))
    refuse_secrets(function, "settings", json.dumps(found, default=str).encode())
    own = "-".join(
        label for name, label in FILLED.items() if name in found.get("serviceConfig", {})
    )
    return {**found, "labels": {**found.get("labels", {}), SETTINGS_LABEL: own}}


def job_name(function: "Serverless") -> str:
    """Return what Google calls the job of a function's schedule."""
    return f"{parent_of(function)}/jobs/glacier-{function.function_name}"


def job_request(function: "Serverless", uri: str) -> dict[str, Any] | None:
    """Return the job of a function's schedule as the API has it; None where it has none.

    Args:
        function: The function.
        uri: Where it is called.
    """
    config = config_of(function)
    if config.schedule is None:
        return None
    seconds = max(config.timeout_seconds, _SHORTEST_SCHEDULED_SECONDS)
    request = {
        "name": job_name(function),
        "description": f"Calls the function {function.function_name}.",
        "schedule": config.schedule,
        "timeZone": "Etc/UTC",
        "attemptDeadline": f"{min(seconds, LONGEST_SCHEDULED_SECONDS)}s",
        "httpTarget": {
            "uri": uri,
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(b"{}").decode(),
            "oidcToken": {"serviceAccountEmail": account_of(function), "audience": uri},
        },
    }
    found = overridden(request, config.overrides.get("jobs", {}))
    refuse_secrets(function, "schedule", json.dumps(found, default=str).encode())
    return found


def variables_of(function: "Serverless") -> dict[str, str]:
    """Return a function's environment variables.

    Those by which `GcpConfig.from_env` describes the function's provider are among them.
    """
    config = provider_config_of(function)
    found = {
        "GOOGLE_CLOUD_PROJECT": config.project,
        "GOOGLE_CLOUD_REGION": config.region,
        "GOOGLE_CLOUD_ZONE": config.zone,
        "STORAGE_EMULATOR_HOST": config.endpoint,
    }
    known = {name: value for name, value in found.items() if value}
    return {**known, **config_of(function).environment}


def _service(function: "Serverless") -> dict[str, Any]:
    config = config_of(function)
    found: dict[str, Any] = {
        "availableMemory": f"{config.memory_mb}M",
        "timeoutSeconds": config.timeout_seconds,
        "minInstanceCount": config.min_instances,
        "maxInstanceRequestConcurrency": config.concurrency,
        "ingressSettings": _INGRESS[config.ingress],
        "serviceAccountEmail": account_of(function),
        "environmentVariables": variables_of(function),
        "allTrafficOnLatestRevision": True,
    }
    if config.cpu is not None:
        found["availableCpu"] = f"{config.cpu:g}"
    if config.max_instances is not None:
        found["maxInstanceCount"] = config.max_instances
    if config.vpc_connector is not None:
        found["vpcConnector"] = config.vpc_connector
        found["vpcConnectorEgressSettings"] = config.vpc_egress.upper()
    return found
