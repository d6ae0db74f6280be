"""Roles for functions and jobs, on the containers that they have to touch and on no others.

What is granted is a pure function of what is touched, so that `deploy()` and Terraform give the
same rights.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glacier_azure.config import AzureConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glacier.access import Access
    from glacier.resources import Bucket

READER = "Storage Blob Data Reader"
CONTRIBUTOR = "Storage Blob Data Contributor"
OWNER = "Storage Blob Data Owner"

ROLE_IDS = {
    READER: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    CONTRIBUTOR: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    OWNER: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
}
"""What Resource Manager calls the roles:
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage"""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role on one container.

    Attributes:
        bucket: One of the buckets that are this container.
        role: The role's name.
    """

    bucket: "Bucket"
    role: str


def container_grants(access: "Access") -> tuple[Grant, ...]:
    """Return the roles to read and write some buckets' containers; other platforms' aside.

    A container that is written needs no second role to be read. Azure gives rights to whole
    containers: the buckets' paths narrow nothing.
    """
    grants: dict[tuple[str | None, str], Grant] = {}
    for role, buckets in ((READER, access.reads), (CONTRIBUTOR, access.writes)):
        for bucket in _on_azure(buckets):
            known = grants.get(place := _place(bucket))
            grants[place] = Grant(bucket if known is None else known.bucket, role)
    return tuple(grants[place] for place in sorted(grants, key=repr))


def _on_azure(buckets: "Iterable[Bucket]") -> "list[Bucket]":
    return [one for one in buckets if isinstance(one.provider.config, AzureConfig)]


def _place(bucket: "Bucket") -> tuple[str | None, str]:
    config = bucket.provider.config
    assert isinstance(config, AzureConfig)
    return config.storage_account, bucket.bucket_name
