"""Where a bucket on S3 differs from what it is settled to be."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from glacier.drift import Difference, differences, missing
from glacier_aws.errors import code_of
from glacier_aws.storage.deployment import (
    cors_request,
    encryption_request,
    is_own_bucket,
    lifecycle_request,
    public_access_request,
    tags_after,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from glacier_aws.session import AwsSession
    from glacier_aws.storage.settings import BucketSettings

Fields = dict[str, Any]
"""Settings by their names in `S3Config`, as the API has them."""

_UNSET = {
    *("NoSuchLifecycleConfiguration", "NoSuchCORSConfiguration", "NoSuchTagSet"),
    *("NoSuchPublicAccessBlockConfiguration", "ServerSideEncryptionConfigurationNotFoundError"),
}


def bucket_drift(
    session: "AwsSession", settings: "BucketSettings", tags: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield where a bucket differs from its settings.

    Raises:
        AccessDeniedError: The bucket belongs to another account.
        ClientError: S3 refuses to tell.
    """
    thing = f"bucket {settings.name!r}"
    if not is_own_bucket(session, settings.name):
        yield missing(thing)
        return
    found = _found(session.client("s3"), settings.name)
    wanted: Fields = {
        "versioning": settings.versioning,
        "encryption": _whole_encryption(settings),
        "public_access_block": public_access_request(settings),
        "lifecycle_rules": [lifecycle_request(rule) for rule in settings.lifecycle_rules],
        "cors": [cors_request(rule) for rule in settings.cors],
    }
    if settings.is_described:
        yield from differences(thing, wanted, found)
    kept = tags_after(found["tags"], tags, settings)
    if kept != found["tags"]:
        yield Difference(thing, "tags", kept, found["tags"])


def _whole_encryption(settings: "BucketSettings") -> Fields:
    """Return the rule of encryption; also that no key is named, where none is."""
    rule, default = encryption_request(settings), "ApplyServerSideEncryptionByDefault"
    return {**rule, default: {"KMSMasterKeyID": None, **rule[default]}}


def _found(client: "S3Client", name: str) -> Fields:
    bucket: Any = {"Bucket": name}  # Any: arguments of many calls
    versioning = client.get_bucket_versioning(**bucket).get("Status") == "Enabled"
    rules = _told(
        lambda: client.get_bucket_encryption(**bucket), "ServerSideEncryptionConfiguration"
    )
    labels = _told(lambda: client.get_bucket_tagging(**bucket), "TagSet") or []
    return {
        "versioning": versioning,
        "encryption": next(iter((rules or {}).get("Rules", ())), {}),
        "public_access_block": _told(
            lambda: client.get_public_access_block(**bucket), "PublicAccessBlockConfiguration"
        ),
        "lifecycle_rules": _told(
            lambda: client.get_bucket_lifecycle_configuration(**bucket), "Rules"
        ),
        "cors": _told(lambda: client.get_bucket_cors(**bucket), "CORSRules"),
        "tags": {one["Key"]: one["Value"] for one in labels},
    }


def _told(ask: Callable[[], Any], name: str) -> Any:  # Any: as many types as settings
    """Return a part of an answer; None where S3 has no such setting."""
    try:
        return cast("Mapping[str, Any]", ask()).get(name)
    except ClientError as error:
        if code_of(error) not in _UNSET:
            raise
        return None
