"""What all of Google's blocks of Terraform share: the provider, accounts, and their roles."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from glacier.terraform import Block, Ref, TerraformProvider
from glacier_gcp.iam import bucket_bindings
from glacier_gcp.labels import labels_of

if TYPE_CHECKING:
    from glacier.access import Access
    from glacier.resources import Resource
    from glacier.terraform import Estate
    from glacier_gcp.config import GcpConfig
    from glacier_gcp.iam import Binding

SOURCE = "hashicorp/google"
VERSIONS = ">= 6.50, < 8.0"

Body = dict[str, Any]
"""The arguments of a block."""

_DESCRIPTION = "Made by Terraform from Glacier's configs."
"""Another one than `deploy()` gives to accounts, which looks after the rights of its own alone."""

_SERVICES = {
    "cloud_resource_manager": "v1",
    "cloud_run_v2": "v2",
    "cloud_scheduler": "v1",
    "cloudfunctions2": "v2",
    "dataproc": "v1",
    "iam": "v1",
    "kms": "v1",
    "storage": "storage/v1",
}
"""The services that blocks are about, and the path of each at its address."""


class Description:
    """Describes one resource by blocks.

    Args:
        estate: What the adapter was told.
        resource: The resource.
    """

    def __init__(self, estate: "Estate", resource: "Resource") -> None:
        self._owner = repr(resource)
        self._glacier_provider = estate.provider
        self.config = cast("GcpConfig", estate.provider.config)
        self._provider = google_provider(self.config)
        self.labels = labels_of(estate.provider.tags) or None

    def block(
        self,
        kind: str,
        key: str,
        body: Mapping[str, Any],
        **fields: Any,  # Any: further fields of a block
    ) -> Block:
        """Return a block of the resource."""
        return Block(kind, key, body, self._owner, self._provider, **fields)

    def account(
        self,
        name: str,
        access: "Access",
        what: str,
        **fields: Any,  # Any: further fields of a block
    ) -> Iterator[Block]:
        """Yield a service account, and its roles on the buckets that its code may have to touch.

        Args:
            name: The account's id.
            access: What is touched.
            what: What the account is for.
            **fields: Further fields of the account's block.
        """
        body = {"account_id": name, "display_name": what, "description": _DESCRIPTION}
        yield self.block("google_service_account", name, body, **fields)
        comment = f"More than may be needed: {access.note}." if access.note else ""
        for binding in bucket_bindings(access):
            yield self._bound(name, binding, comment)

    def project_role(self, account: str, role: str, title: str, condition: str) -> Block:
        """Return a role of a service account in the whole project, under a condition.

        Args:
            account: The account's id.
            role: The role, such as `roles/dataproc.worker`.
            title: What the condition is called.
            condition: When it holds, in CEL.
        """
        body = {
            "project": self.config.project,
            "role": role,
            "member": Ref("google_service_account", account, "member"),
            "condition": {"title": title, "expression": condition},
        }
        return self.block("google_project_iam_member", f"{account}_{_short(role)}", body)

    def _bound(self, account: str, binding: "Binding", comment: str) -> Block:
        bucket = binding.bucket
        is_own = bucket.provider is self._glacier_provider
        name = bucket.bucket_name
        body: Body = {
            "bucket": Ref("google_storage_bucket", name, "name") if is_own else name,
            "role": binding.role,
            "member": Ref("google_service_account", account, "member"),
        }
        if binding.condition:
            body["condition"] = {"title": binding.title, "expression": binding.condition}
        what = binding.title.removeprefix("glacier ") or _short(binding.role)
        key = f"{account}_{name}_{what.replace(' ', '_')}"
        return self.block("google_storage_bucket_iam_member", key, body, comment=comment)


def google_provider(config: "GcpConfig") -> TerraformProvider:
    """Return Terraform's provider, of the same project, region and account as the config.

    Keys stay out: Terraform finds them as Google's own libraries do.
    """
    body: Body = {
        "project": config.project,
        "region": config.region,
        "zone": config.zone,
        "impersonate_service_account": config.impersonate_service_account,
    }
    if config.endpoint is not None:
        for service, path in _SERVICES.items():
            body[f"{service}_custom_endpoint"] = f"{config.endpoint}/{path}/"
    return TerraformProvider(SOURCE, VERSIONS, body)


def arguments_of(request: Mapping[str, Any], data: tuple[str, ...] = ()) -> Body:
    """Return the fields of a request as a block's arguments.

    Terraform calls them as the API does, in its own spelling: `timeoutSeconds` is
    `timeout_seconds`.

    Args:
        request: The fields.
        data: Those whose own names are data.
    """
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): (
            arguments_of(value, data) if isinstance(value, Mapping) and name not in data else value
        )
        for name, value in request.items()
    }


def _short(role: str) -> str:
    return role.rpartition("/")[2].replace(".", "_")
