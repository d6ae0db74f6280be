"""Makes a Lambda function what its config says, by no more requests than that takes."""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import ClientError

from glacier.access import declared_access
from glacier.differences import is_empty, is_met
from glacier.jobs.staging import prepared_staging
from glacier.resources.translation import translated
from glacier_aws.errors import code_of, unless_missing
from glacier_aws.function.differences import fields_of, is_set
from glacier_aws.function.package import check_size
from glacier_aws.function.request import (
    SERVICE,
    URL_AUTH,
    code_key,
    config_of,
    function_request,
    role_name,
    role_statements,
)
from glacier_aws.function.schedule import settle_schedule
from glacier_aws.iam import ensure_role
from glacier_aws.session import session_of

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from glacier.resources import Serverless
    from glacier_aws.config import AwsConfig

T = TypeVar("T")

_PAUSES_SECONDS = (1, 2, 3, 5, 5, 5, 5, 5, 5, 5)
"""How long is waited for a role that was just made to be known everywhere, or for an update."""

_NOT_THERE = "ResourceNotFoundException"
_BUSY = "ResourceConflictException"


class FunctionDeployment:
    """One deployment of a function.

    Args:
        function: The function.
        package: Its zip.
    """

    def __init__(self, function: "Serverless", package: Path) -> None:
        self._function = function
        self._package = package
        self._name = function.function_name
        self._config = config_of(function)
        self._session = session_of(cast("AwsConfig", function.provider.config))
        self._has_own_role = False

    def run(self) -> None:
        """Create the function or update it in place, and wait until it can be called.

        Raises:
            ClientError: AWS refuses.
            FunctionError: With its layers it is too large.
            StorageError: The staging bucket can't be written.
        """
        if self._config.layers:
            check_size(self._function, self._package, self._layer_bytes())
        wanted = function_request(self._function, None)
        self._has_own_role = wanted.get("Role") is None
        if self._has_own_role:
            wanted["Role"] = self._role()
        arn = self._updated(wanted) or self._created(wanted)
        self._settle_concurrency()
        self._settle_url()
        settle_schedule(self._function, self._session, arn)

    @property
    def _client(self) -> "LambdaClient":
        return cast("LambdaClient", self._session.client("lambda"))

    @cached_property
    def _digest(self) -> bytes:
        with self._package.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    def _role(self) -> str:
        """Return a role for this function alone, made or brought up to date."""
        provider = self._function.provider
        access = declared_access(provider, "deploy() knows of no pipeline")
        statements = role_statements(self._function, access, self._session.account_id)
        name = role_name(self._function)
        return ensure_role(self._session, name, SERVICE, statements, provider.tags)

    def _created(self, wanted: Mapping[str, Any]) -> str:
        """Create the function and return its ARN."""
        given = {name: value for name, value in wanted.items() if not is_empty(value)}
        code = self._uploaded()
        try:
            made = _patiently(
                lambda: self._client.create_function(**{**given, "Code": code}),
                self._is_role_unknown,
            )
        except ClientError as error:
            # By another process just now, or by a request of this one whose answer was lost.
            arn = self._updated(wanted) if code_of(error) == _BUSY else None
            if arn is None:
                raise
            return arn
        self._wait_until_active()
        return made["FunctionArn"]

    def _updated(self, wanted: Mapping[str, Any]) -> str | None:
        """Update what differs in the function and return its ARN; None where there is none."""
        found = unless_missing(lambda: self._client.get_function(FunctionName=self._name))
        if found is None:
            return None
        arn = found["Configuration"]["FunctionArn"]
        if found["Configuration"].get("State") == "Pending":
            self._wait_until_active()
        self._update(wanted, found["Configuration"])
        self._tag(arn, wanted.get("Tags", {}), found.get("Tags", {}))
        return arn

    def _wait_until_active(self) -> None:
        self._client.get_waiter("function_active_v2").wait(FunctionName=self._name)

    def _update(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Update the code, then the settings; each only if it differs."""
        sha256 = base64.b64encode(self._digest).decode()
        codes = {
            name: wanted[name]
            for name in fields_of(self._client, "UpdateFunctionCode") & set(wanted)
        }
        codes.pop("FunctionName")
        is_same = found.get("CodeSha256") == sha256
        architectures = found.get("Architectures")
        if not is_same or not is_met(wanted.get("Architectures", architectures), architectures):
            place = self._uploaded()
            self._change(
                lambda: self._client.update_function_code(
                    FunctionName=self._name, **{**codes, **place}
                )
            )
        names = fields_of(self._client, "UpdateFunctionConfiguration") & set(wanted) - {
            "FunctionName"
        }
        settings = {name: wanted[name] for name in names}
        if any(not is_set(name, value, found) for name, value in settings.items()):
            self._change(
                lambda: self._client.update_function_configuration(
                    FunctionName=self._name, **settings
                )
            )

    def _change(self, change: Callable[[], object]) -> None:
        """Make a change, and wait until the function has it; one at a time is taken."""
        _patiently(change, lambda error: code_of(error) == _BUSY or self._is_role_unknown(error))
        self._client.get_waiter("function_updated_v2").wait(FunctionName=self._name)

    def _is_role_unknown(self, error: ClientError) -> bool:
        """Return whether AWS does not know the function's role yet, some seconds after it is made.

        One that the user names is a mistake instead.
        """
        text = str(error.response["Error"].get("Message", ""))
        is_about_it = code_of(error) == "InvalidParameterValueException" and "be assumed" in text
        return self._has_own_role and is_about_it

    def _uploaded(self) -> Any:  # Any: the place, as several requests have it
        """Upload the zip where it is not there yet, and return its place."""
        staging = prepared_staging(self._function.provider)
        bucket, key = staging.bucket_name, code_key(staging.path, self._digest.hex())
        client = cast("S3Client", self._session.client("s3"))
        with translated(staging):
            try:
                client.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if code_of(error) not in {"404", "NoSuchKey"}:
                    raise
                with self._package.open("rb") as file:
                    client.upload_fileobj(file, bucket, key)
        return {"S3Bucket": bucket, "S3Key": key}

    def _layer_bytes(self) -> int:
        """Return what the layers weigh, packed, but for those that may not be looked at."""
        total = 0
        for arn in self._config.layers:
            layer, _, version = arn.rpartition(":")
            try:
                found = self._client.get_layer_version(LayerName=layer, VersionNumber=int(version))
            except ClientError as error:
                if code_of(error) != "AccessDeniedException":
                    raise
                continue
            total += found["Content"].get("CodeSize", 0)
        return total

    def _tag(self, arn: str, tags: Mapping[str, str], known: Mapping[str, str]) -> None:
        missing = {key: value for key, value in tags.items() if known.get(key) != value}
        if missing:
            self._client.tag_resource(Resource=arn, Tags=missing)

    def _settle_concurrency(self) -> None:
        wanted = self._config.reserved_concurrency
        answer = self._client.get_function_concurrency(FunctionName=self._name)
        if answer.get("ReservedConcurrentExecutions") == wanted:
            return
        if wanted is None:
            self._client.delete_function_concurrency(FunctionName=self._name)
        else:
            self._client.put_function_concurrency(
                FunctionName=self._name, ReservedConcurrentExecutions=wanted
            )

    def _settle_url(self) -> None:
        found = unless_missing(
            lambda: self._client.get_function_url_config(FunctionName=self._name)
        )
        if not self._config.url:
            if found is not None:
                self._client.delete_function_url_config(FunctionName=self._name)
        elif found is None:
            self._client.create_function_url_config(FunctionName=self._name, AuthType=URL_AUTH)
        elif found["AuthType"] != URL_AUTH:
            self._client.update_function_url_config(FunctionName=self._name, AuthType=URL_AUTH)


def _patiently(ask: Callable[[], T], is_temporary: Callable[[ClientError], bool]) -> T:
    """Return what AWS answers, asked again while what it says against it is temporary."""
    for pause in _PAUSES_SECONDS:
        try:
            return ask()
        except ClientError as error:
            if not is_temporary(error):
                raise
        time.sleep(pause)
    return ask()
