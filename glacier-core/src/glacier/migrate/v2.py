"""What V2 called things, and what V3 has in their place."""

import re
from dataclasses import dataclass
from typing import Literal

PROVIDER = "glacier.Provider"

Role = Literal["provider", "base", "bucket", "resource", "factory"]


@dataclass(frozen=True, slots=True)
class Platform:
    """One of V2's provider classes.

    Attributes:
        provider: The name of the class.
        config: The name of V3's config for it.
        bucket_config: The name of V3's config for a bucket there; None where there is none.
        parameters: The parameters that V2 took by position, by the names of V3's fields.
    """

    provider: str
    config: str
    bucket_config: str | None
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OldName:
    """A name of V2 that is imported from Glacier.

    Attributes:
        role: What kind of thing it is.
        name: Its own name, without the module.
        successor: The dotted name that V3 has in its place.
        platform: The platform that it is for; None where it is for all.
    """

    role: Role
    name: str
    successor: str
    platform: Platform | None = None


AWS = Platform("AWSProvider", "AwsConfig", "S3Config", ("region", "profile", "account_id"))
AZURE = Platform(
    "AzureProvider",
    "AzureConfig",
    "BlobConfig",
    ("resource_group", "location", "subscription_id", "storage_account"),
)
GCP = Platform("GCPProvider", "GcpConfig", "GcsConfig", ("project", "region"))
LOCAL = Platform("LocalProvider", "LocalConfig", None, ("base_path",))
PLATFORMS = (AWS, AZURE, GCP, LOCAL)

RENAMED_FIELDS = {"project_id": "project"}
"""Keywords of V2's providers whose field has another name in V3."""

FIELDS = {name: name for one in PLATFORMS for name in one.parameters} | RENAMED_FIELDS
"""What V2's providers said of themselves, by the names of V3's fields."""

_PROVIDERS = {one.provider: one for one in PLATFORMS}

_BUCKETS = {
    "S3Bucket": AWS,
    "BlobBucket": AZURE,
    "BlobContainer": AZURE,
    "AzureBlobBucket": AZURE,
    "GcsBucket": GCP,
    "GCSBucket": GCP,
    "LocalBucket": LOCAL,
}

FACTORY_KINDS = {
    "s3": AWS,
    "aws": AWS,
    "blob": AZURE,
    "azure": AZURE,
    "gcs": GCP,
    "gcp": GCP,
    "local": LOCAL,
}
"""The first argument of V2's `create_bucket`."""

RESOURCES = {"Bucket": "bucket", "Serverless": "serverless", "Executor": "executor"}
"""Resource classes that V2 let everybody make, by the provider's method that makes them now."""

GONE = (*_PROVIDERS, *_BUCKETS, "create_bucket")
"""The names that V2 had and V3 has not."""

_PATTERN = re.compile(r"glacier\.(?:(?P<package>providers|resources)\.(?:\w+\.)?)?(?P<name>\w+)\Z")


def is_of_glacier(module: str) -> bool:
    """Tell whether a module is one of Glacier's, by its dotted name."""
    return module.partition(".")[0] == "glacier"


def own_name(dotted: str) -> str:
    """Return the last part of a dotted name."""
    return dotted.rpartition(".")[2]


def old_name(qualified: str) -> OldName | None:
    """Return what a dotted name was in V2; None for one that V3 has as it is.

    Args:
        qualified: The whole name, such as `glacier.providers.AWSProvider`.
    """
    found = _PATTERN.match(qualified)
    if found is None:
        return None
    package, name = found["package"], found["name"]
    if package != "resources":
        if name in _PROVIDERS:
            return OldName("provider", name, PROVIDER, _PROVIDERS[name])
        if name == "Provider" and package:
            return OldName("base", name, PROVIDER)
    if package != "providers":
        if name in _BUCKETS:
            return OldName("bucket", name, "glacier.Bucket", _BUCKETS[name])
        if name in RESOURCES:
            return OldName("resource", name, f"glacier.{name}")
        if name == "create_bucket":
            return OldName("factory", name, "glacier.Bucket")
    return None
