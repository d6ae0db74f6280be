"""What AWS says, in Glacier's words."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
)

from glacier.errors import (
    AccessDeniedError,
    GlacierError,
    ObjectNotFoundError,
    StorageError,
)


def code_of(error: BaseException) -> str:
    """Return the code of an error of AWS, such as `NoSuchBucket`; empty for other errors."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def of_bucket(error: Exception, bucket_name: str, uri: str) -> GlacierError | None:
    """Return Glacier's error for one that a request to a bucket has raised; None for others."""
    code = code_of(error)
    if code == "NoSuchBucket":
        return ObjectNotFoundError(
            f"The bucket {bucket_name!r} of {uri} does not exist. Create it with "
            "bucket.deploy() or Terraform, or correct its name.",
            uri=uri,
        )
    if code in {"404", "NoSuchKey"}:
        return ObjectNotFoundError(f"Nothing is at {uri}.", uri=uri)
    if code in {"403", "AccessDenied"}:
        return AccessDeniedError(f"Access to {uri} is denied: {error}.", uri=uri)
    if isinstance(error, NoCredentialsError):
        return AccessDeniedError(f"No credentials were found for {uri}.", uri=uri)
    if isinstance(error, ClientError | BotoCoreError):
        return StorageError(f"S3 failed at {uri}: {error}.", uri=uri)
    if isinstance(error, OSError) and str(error).startswith("object-store error"):
        return StorageError(f"S3 failed at {uri}: {error}.", uri=uri)
    return None
