"""What S3 has answered, read out of an error of boto3, of s3fs or of Polars' object store.

boto3 has the answer as data, s3fs raises its errors while it handles boto3's, and Polars has the
text of the answer within its own. A HEAD request is answered without a text: its status is all
there is.
"""

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_OPEN_STATUSES = {"301", "307", "400", "403", "404"}
_ELEMENT = r"<{0}>(.*?)</{0}>"
_TOKENS = re.compile(r"<(Token-\d+)>.*?</\1>", re.DOTALL)
# deltalake breaks the text of its object store into lines with arrows and colours.
_LAYOUT = re.compile(r"\x1b\[\d*m|↳|\s+")


@dataclass(frozen=True, slots=True)
class Answer:
    """One refusal of S3.

    Attributes:
        code: Its code, such as `NoSuchBucket`; the status where there is no more than that.
        message: What S3 says with it.
        region: The region that S3 sends the caller to, where it names one.
        place: What was asked for, as `s3://bucket/key`, where the error names it.
        operation: What was called, such as `AssumeRole`; empty where the error does not tell.
    """

    code: str
    message: str = ""
    region: str | None = None
    place: str | None = None
    operation: str = ""

    @property
    def is_bare(self) -> bool:
        """Whether there is a status alone, and one that leaves the reason open."""
        return self.code in _OPEN_STATUSES

    @property
    def is_whole_bucket(self) -> bool:
        """Whether `place` is a bucket without a key."""
        return self.place is not None and self.place.count("/") == 3 and self.place.endswith("/")


def answer_of(error: BaseException) -> Answer | None:
    """Return what S3 has answered; None for an error that tells of no answer."""
    if isinstance(error, ClientError):
        return _of_client_error(error)
    for origin in (error.__cause__, error.__context__):
        if isinstance(error, OSError) and isinstance(origin, ClientError):
            return _of_client_error(origin)
    return _of_text(str(error))


def is_of_object_store(error: BaseException) -> bool:
    """Return whether an error comes from the object store in Polars or deltalake, for S3."""
    return "Generic S3 error" in (text := _flat(str(error))) or (
        "object-store error" in text and "s3://" in text
    )


def hide_tokens(error: BaseException) -> None:
    """Take session tokens out of an error's text: S3 repeats those that it refuses."""
    error.args = tuple(
        _TOKENS.sub(r"<\1>(hidden)</\1>", one) if isinstance(one, str) else one
        for one in error.args
    )


def _of_client_error(error: ClientError) -> Answer:
    response: Any = error.response  # Any: not every service has what S3 has
    told = response.get("Error", {})
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    message = str(told.get("Message", ""))
    region = told.get("Region") or headers.get("x-amz-bucket-region") or _expected_region(message)
    return Answer(
        code=str(told.get("Code", "")),
        message=message,
        region=region,
        operation=error.operation_name,
    )


def _of_text(text: str) -> Answer | None:
    text = _flat(text)
    if "redirect without LOCATION" in text:
        return Answer("301", place=_place(text))
    status = re.search(r"non-2xx status code: (\d{3})", text)
    if status is None:
        return None
    code, message, region = (_element(text, name) for name in ("Code", "Message", "Region"))
    return Answer(
        code=code or status[1],
        message=message or "",
        region=region or _expected_region(message or ""),
        place=_place(text),
    )


def _flat(text: str) -> str:
    return _LAYOUT.sub(" ", text)


def _element(text: str, name: str) -> str | None:
    found = re.search(_ELEMENT.format(name), text)
    return found[1] if found else None


def _expected_region(message: str) -> str | None:
    found = re.search(r"expecting '([a-z0-9-]+)'", message)
    return found[1] if found else None


def _place(text: str) -> str | None:
    # The path that Polars adds may be that of an earlier request to the bucket; the key is right.
    bucket = re.search(r"\(path: s3a?://([^/)]+)", text)
    key = re.search(r"(?:Object at location (.+?) not found|for path (.+?)):", text)
    if bucket is None:
        return None
    return f"s3://{bucket[1]}/{(key[1] or key[2]) if key else ''}"
