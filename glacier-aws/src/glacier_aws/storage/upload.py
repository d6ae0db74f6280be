"""Objects as multipart uploads of S3, which nobody sees before they are completed."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from glacier.uploads.multipart import MultipartObject
from glacier_aws.errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STAGE_METADATA = "glacier-stage"
"""The metadata of an object that tells which stage has written it."""

_MAY_BE_DONE = {"NoSuchUpload", "PreconditionFailed", "412"}
"""What S3, or what stands before it, says to a second try of what it has done already."""


class S3Object(MultipartObject):
    """One object; what is smaller than a part needs no upload.

    Args:
        client: The client of S3.
        bucket_name: The bucket.
        key: The object's key.
        token: The stage's token, which the object carries.
        is_exclusive: Whether nothing may be replaced.
    """

    failures: ClassVar[tuple[type[Exception], ...]] = (BotoCoreError, ClientError, OSError)

    def __init__(
        self,
        client: "S3Client",
        bucket_name: str,
        key: str,
        token: str,
        *,
        is_exclusive: bool = False,
    ) -> None:
        self._client = client
        self._token = token
        self._condition: Any = {"IfNoneMatch": "*"} if is_exclusive else {}
        self._place: Any = {"Bucket": bucket_name, "Key": key}  # Any: arguments of many calls
        self._upload_id: str | None = None

    def begin(self) -> None:
        """Create the multipart upload."""
        made = self._client.create_multipart_upload(
            **self._place, Metadata=self._metadata, **self._checksum
        )
        self._upload_id = made["UploadId"]

    def send(self, number: int, content: bytes) -> dict[str, Any]:
        """Upload one part, and return it as S3 wants to have it named."""
        sent: Any = self._client.upload_part(
            **self._place,
            UploadId=cast("str", self._upload_id),
            PartNumber=number,
            Body=content,
            **self._checksum,
        )
        checksums = {k: v for k, v in sent.items() if re.fullmatch("Checksum(?!Type).+", k)}
        return {"PartNumber": number, "ETag": sent["ETag"], **checksums}

    def complete(self, parts: Sequence[dict[str, Any]]) -> None:
        """Complete the upload."""
        self._client.complete_multipart_upload(
            **self._place,
            UploadId=cast("str", self._upload_id),
            MultipartUpload=cast("Any", {"Parts": list(parts)}),
            **self._condition,
        )

    def put(self, content: bytes) -> None:
        """Put the object."""
        self._client.put_object(
            **self._place,
            Body=content,
            Metadata=self._metadata,
            **self._condition,
        )

    def abort(self) -> None:
        """Abort the upload; what stays where S3 does not answer is swept."""
        with suppress(*self.failures):
            self._client.abort_multipart_upload(
                **self._place, UploadId=cast("str", self._upload_id)
            )

    def may_be_done(self, error: Exception) -> bool:
        """Return whether there was no answer, or one to a second try."""
        if not isinstance(error, ClientError):
            return True
        answer = error.response["ResponseMetadata"]
        is_refused = answer.get("HTTPStatusCode", 500) < 500
        is_repeat = answer.get("RetryAttempts", 0) > 0
        return not is_refused or is_repeat or code_of(error) in _MAY_BE_DONE

    def is_ours(self) -> bool:
        """Return whether the object that is there has the stage's token."""
        with suppress(*self.failures):
            found = self._client.head_object(**self._place)
            return found["Metadata"].get(STAGE_METADATA) == self._token
        return False

    @property
    def _metadata(self) -> dict[str, str]:
        return {STAGE_METADATA: self._token}

    @property
    def _checksum(self) -> Any:  # Any: as above
        """Return how parts are checked, as S3 wants to know before the first of them.

        botocore adds checksums to parts alone; one upload and its parts have to name the same.
        """
        added = cast("Any", self._client.meta.config).request_checksum_calculation
        return {"ChecksumAlgorithm": "CRC32"} if added == "when_supported" else {}
