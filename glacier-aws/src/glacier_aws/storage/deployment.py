"""Making a bucket, and bringing its settings to what they are settled to be."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from glacier.errors import StorageError
from glacier_aws.errors import code_of, foreign_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from glacier_aws.session import AwsSession
    from glacier_aws.storage.rules import CorsRule, LifecycleRule
    from glacier_aws.storage.settings import BucketSettings

_DEFAULT_REGION = "us-east-1"
Fields = dict[str, Any]
"""Fields of a request."""


def deploy_bucket(
    session: "AwsSession", settings: "BucketSettings", tags: Mapping[str, str]
) -> None:
    """Make a bucket if it is missing, and bring all its settings up to date.

    What is not set goes back to its default: lifecycle rules and CORS rules that nobody names are
    removed, and versioning is suspended. A bucket that is there, and of which no config speaks,
    gets the tags and keeps all that it has.

    Raises:
        AccessDeniedError: The bucket belongs to another account.
        StorageError: The bucket is in another region.
        ClientError: S3 refuses.
    """
    client: S3Client = session.client("s3")
    is_new = not is_own_bucket(session, settings.name)
    if is_new:
        _create(client, settings, session.config.region)
    _check_region(client, settings.name, session.config.region)
    if is_new or settings.is_described:
        _set_versioning(client, settings)
        _set_encryption(client, settings)
        _set_public_access(client, settings)
        _set_lifecycle(client, settings)
        _set_cors(client, settings)
    _set_tags(client, settings, tags)


def is_own_bucket(session: "AwsSession", name: str) -> bool:
    """Return whether a bucket is there, and the session's account owns it; False if it is not.

    Raises:
        AccessDeniedError: Another account owns it.
        ClientError: S3 refuses to say.
    """
    client: S3Client = session.client("s3")
    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        if code_of(error) in {"404", "NoSuchBucket"}:
            return False
        raise
    try:
        client.head_bucket(Bucket=name, ExpectedBucketOwner=session.account_id)
    except ClientError as error:
        if code_of(error) in {"403", "AccessDenied"}:
            raise foreign_bucket(name, f"s3://{name}/") from error
        raise
    return True


def _create(client: "S3Client", settings: "BucketSettings", region: str) -> None:
    request: Fields = {"Bucket": settings.name, **settings.request_overrides}
    # S3 has no name for its first region here, and refuses that one.
    if region != _DEFAULT_REGION:
        more = request.get("CreateBucketConfiguration", {})
        request["CreateBucketConfiguration"] = {"LocationConstraint": region, **more}
    try:
        client.create_bucket(**request)
    except client.exceptions.BucketAlreadyOwnedByYou:
        return  # made meanwhile


def _check_region(client: "S3Client", name: str, region: str) -> None:
    location: str | None = client.get_bucket_location(Bucket=name)["LocationConstraint"]
    # Both names are as old as S3.
    actual = {None: _DEFAULT_REGION, "EU": "eu-west-1"}.get(location, location)
    if actual != region:
        raise StorageError(
            f"The bucket {name!r} is in the region {actual!r}, and the provider's config says "
            f"{region!r}. A bucket can't move: set AwsConfig(region=...) to {actual!r}, or choose "
            "another name.",
            region=actual,
        )


def _set_versioning(client: "S3Client", settings: "BucketSettings") -> None:
    was_enabled = client.get_bucket_versioning(Bucket=settings.name).get("Status") == "Enabled"
    if settings.versioning != was_enabled:
        client.put_bucket_versioning(
            Bucket=settings.name,
            VersioningConfiguration={"Status": "Enabled" if settings.versioning else "Suspended"},
        )


def _set_encryption(client: "S3Client", settings: "BucketSettings") -> None:
    rule: Any = encryption_request(settings)
    client.put_bucket_encryption(
        Bucket=settings.name, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def _set_public_access(client: "S3Client", settings: "BucketSettings") -> None:
    client.put_public_access_block(
        Bucket=settings.name,
        PublicAccessBlockConfiguration=cast("Any", public_access_request(settings)),
    )


def _set_lifecycle(client: "S3Client", settings: "BucketSettings") -> None:
    rules = [lifecycle_request(rule) for rule in settings.lifecycle_rules]
    if rules:
        client.put_bucket_lifecycle_configuration(
            Bucket=settings.name, LifecycleConfiguration=cast("Any", {"Rules": rules})
        )
    else:
        client.delete_bucket_lifecycle(Bucket=settings.name)


def _set_cors(client: "S3Client", settings: "BucketSettings") -> None:
    rules = [cors_request(rule) for rule in settings.cors]
    if rules:
        client.put_bucket_cors(
            Bucket=settings.name, CORSConfiguration=cast("Any", {"CORSRules": rules})
        )
    else:
        client.delete_bucket_cors(Bucket=settings.name)


def _set_tags(client: "S3Client", settings: "BucketSettings", tags: Mapping[str, str]) -> None:
    name = settings.name
    try:
        present = client.get_bucket_tagging(Bucket=name)["TagSet"]
    except ClientError as error:
        if code_of(error) != "NoSuchTagSet":
            raise
        present = []
    before = {one["Key"]: one["Value"] for one in present}
    wanted = tags_after(before, tags, settings)
    if wanted == before:
        return
    if wanted:
        labels: Any = [{"Key": key, "Value": value} for key, value in wanted.items()]
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": labels})
    else:
        client.delete_bucket_tagging(Bucket=name)


def tags_after(
    present: Mapping[str, str], tags: Mapping[str, str], settings: "BucketSettings"
) -> dict[str, str]:
    """Return the tags that a bucket is to have.

    AWS's own stay, such as those of CloudFormation: S3 replaces all tags at once, and refuses to
    let these go. So do those of others where no config speaks of the bucket.
    """
    kept = {
        name: value
        for name, value in present.items()
        if name.startswith("aws:") or not settings.is_described
    }
    return {**kept, **tags}


def encryption_request(settings: "BucketSettings") -> Fields:
    """Return the rule by which objects are encrypted, as the API has it."""
    default: Fields = {"SSEAlgorithm": settings.encryption}
    if settings.kms_key_id is not None:
        default["KMSMasterKeyID"] = settings.kms_key_id
    return {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": settings.bucket_key,
    }


def public_access_request(settings: "BucketSettings") -> Fields:
    """Return what is refused of public access, as the API has it."""
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return dict.fromkeys(names, settings.public_access_block)


def lifecycle_request(rule: "LifecycleRule") -> Fields:
    """Return a lifecycle rule as the API has it."""
    request: Fields = {
        "ID": rule.id,
        "Status": "Enabled" if rule.enabled else "Disabled",
        "Filter": _filter(rule),
        **_transitions(rule),
        **_expirations(rule),
    }
    days = rule.abort_incomplete_multipart_upload_days
    if days is not None:
        request["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return request


def _transitions(rule: "LifecycleRule") -> Fields:
    current = [
        _without_none(
            {"Days": one.days, "Date": _midnight(one.date), "StorageClass": one.storage_class}
        )
        for one in rule.all_transitions
    ]
    noncurrent = [
        _without_none(
            {
                "NoncurrentDays": one.days,
                "NewerNoncurrentVersions": one.newer_versions,
                "StorageClass": one.storage_class,
            }
        )
        for one in rule.noncurrent_version_transitions
    ]
    return _without_none(
        {"Transitions": current or None, "NoncurrentVersionTransitions": noncurrent or None}
    )


def _expirations(rule: "LifecycleRule") -> Fields:
    current, noncurrent = rule.expiration, rule.noncurrent_version_expiration
    fields: Fields = {}
    if current is not None:
        fields["Expiration"] = _without_none(
            {
                "Days": current.days,
                "Date": _midnight(current.date),
                "ExpiredObjectDeleteMarker": current.expired_object_delete_marker,
            }
        )
    if noncurrent is not None:
        fields["NoncurrentVersionExpiration"] = _without_none(
            {
                "NoncurrentDays": noncurrent.days,
                "NewerNoncurrentVersions": noncurrent.newer_versions,
            }
        )
    return fields


def _filter(rule: "LifecycleRule") -> Fields:
    tags = [{"Key": key, "Value": value} for key, value in rule.tags.items()]
    if not tags:
        return {"Prefix": rule.prefix}
    if len(tags) == 1 and not rule.prefix:
        return {"Tag": tags[0]}
    return {"And": _without_none({"Prefix": rule.prefix or None, "Tags": tags})}


def cors_request(rule: "CorsRule") -> Fields:
    """Return a rule for requests from browsers as the API has it."""
    request = {
        "ID": rule.id,
        "AllowedOrigins": list(rule.allowed_origins),
        "AllowedMethods": list(rule.allowed_methods),
        "AllowedHeaders": list(rule.allowed_headers) or None,
        "ExposeHeaders": list(rule.expose_headers) or None,
        "MaxAgeSeconds": rule.max_age_seconds,
    }
    return _without_none(request)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _without_none(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}
