"""What all of AWS's blocks of Terraform share: the provider, the names, roles and staging."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from glacier.errors import TerraformError
from glacier.terraform import Block, Ref, TerraformProvider
from glacier_aws.iam import TERRAFORM_POLICY_NAME, Statement, trust_policy
from glacier_aws.session import session_of

if TYPE_CHECKING:
    from glacier.resources import Bucket, Resource
    from glacier.terraform import Estate
    from glacier_aws.config import AwsConfig

SOURCE = "hashicorp/aws"
VERSIONS = ">= 5.100, < 7.0"
_SERVICES = ("events", "glue", "iam", "kms", "lambda", "logs", "s3", "sts")

Body = dict[str, Any]
"""The arguments of a block."""

_DATA = {"DefaultArguments", "NonOverridableArguments", "Tags", "Variables"}
"""Fields of requests whose own names are data."""


class Description:
    """Describes one resource by blocks.

    Args:
        estate: What the adapter was told.
        resource: The resource.
    """

    def __init__(self, estate: "Estate", resource: "Resource") -> None:
        self._owner = repr(resource)
        self._provider = aws_provider(cast("AwsConfig", estate.provider.config))
        self.tags = dict(estate.provider.tags) or None

    def block(
        self,
        kind: str,
        key: str,
        body: Mapping[str, Any],
        **fields: Any,  # Any: further fields of a block
    ) -> Block:
        """Return a block of the resource."""
        return Block(kind, key, body, self._owner, self._provider, **fields)

    def role(
        self, name: str, service: str, statements: Iterable[Statement], note: str
    ) -> Iterator[Block]:
        """Yield a role that a service may take on, with what it may do.

        Args:
            name: The role's name.
            service: Who takes it on.
            statements: What it may do.
            note: Why that is more than what is known to be needed; empty where it is not.
        """
        document = "aws_iam_policy_document"
        trust = trust_policy(service)["Statement"]
        comment = f"More than may be needed: {note}." if note else ""
        yield self.block(document, service, _policy(trust), mode="data")
        yield self.block(document, name, _policy(statements), mode="data", comment=comment)
        yield self.block(
            "aws_iam_role",
            name,
            {
                "name": name,
                "assume_role_policy": Ref(document, service, "json", "data"),
                "tags": self.tags,
            },
        )
        yield self.block(
            "aws_iam_role_policy",
            name,
            {
                "name": TERRAFORM_POLICY_NAME,
                "role": Ref("aws_iam_role", name, "id"),
                "policy": Ref(document, name, "json", "data"),
            },
            comment=comment,
        )


def aws_provider(config: "AwsConfig") -> TerraformProvider:
    """Return Terraform's provider, of the same region and identity as the config.

    Keys stay out: Terraform finds them in the environment, as the AWS SDKs do.
    """
    body: Body = {"region": config.region, "profile": config.profile}
    if config.account_id is not None:
        body["allowed_account_ids"] = [config.account_id]
    if config.role_arn is not None:
        body["assume_role"] = {
            "role_arn": config.role_arn,
            "external_id": config.external_id,
            "session_name": "glacier",
        }
    if config.endpoint_url is not None:
        body["endpoints"] = dict.fromkeys(_SERVICES, config.endpoint_url)
        body["s3_use_path_style"] = True
    return TerraformProvider(SOURCE, VERSIONS, body)


def staging_of_estate(estate: "Estate") -> "tuple[Bucket, str]":
    """Return the provider's staging, and the account that it and everything else is in.

    Raises:
        TerraformError: Neither the config nor AWS tells the account.
    """
    config = cast("AwsConfig", estate.provider.config)
    try:
        account_id = session_of(config).account_id
    except (BotoCoreError, ClientError) as error:
        raise TerraformError(
            f"The account is not known, whose number stands in names and rights: {error}. Set "
            'AwsConfig(account_id="...") or AWS_ACCOUNT_ID, or give credentials that can ask AWS.'
        ) from error
    return estate.staging(), account_id


def arguments_of(request: Mapping[str, Any]) -> Body:
    """Return the fields of a request as a block's arguments; what is empty is left out.

    Terraform calls them as the API does, in its own spelling: `MemorySize` is `memory_size`.
    """
    found: Body = {}
    for name, value in request.items():
        argument = value
        if isinstance(value, Mapping) and name not in _DATA:
            argument = arguments_of(value)
        elif isinstance(value, list):
            argument = [arguments_of(o) if isinstance(o, Mapping) else o for o in value]
        if argument is not None and argument not in ({}, []):
            found[_spelled(name)] = argument
    return found


def _spelled(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _policy(statements: Iterable[Statement]) -> Body:
    return {"statement": [_statement(one) for one in statements]}


def _statement(one: Statement) -> Body:
    """Return a statement as `aws_iam_policy_document` has it."""
    body: Body = {"effect": one["Effect"], "actions": _listed(one["Action"])}
    if "Resource" in one:
        body["resources"] = _listed(one["Resource"])
    if "Principal" in one:
        body["principals"] = [
            {"type": kind, "identifiers": _listed(who)} for kind, who in one["Principal"].items()
        ]
    if "Condition" in one:
        body["condition"] = [
            {"test": test, "variable": variable, "values": _listed(values)}
            for test, conditions in one["Condition"].items()
            for variable, values in conditions.items()
        ]
    return body


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
