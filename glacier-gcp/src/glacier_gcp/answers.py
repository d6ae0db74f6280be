"""What Google has answered, read out of an error of its clients, of gcsfs or of Polars' store.

The clients have the answer as data, gcsfs has its message, and Polars has the text of the answer
within its own. A HEAD request is answered without a text: its status is all there is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.api_core.exceptions import GoogleAPICallError, RetryError

from glacier.redaction import redact

_OPEN_STATUSES = {400, 401, 403, 404}
_ELEMENT = r"<{0}>(.*?)</{0}>"
# deltalake breaks the text of its object store into lines with arrows and colours.
_LAYOUT = re.compile(r"(?:\x1b\[\d*m|↳|\s)+")
_NO_BUCKET = "The specified bucket does not exist."
# Who has the address of an upload may write to it; Google's tokens and signed ones begin so.
_SECRETS = re.compile(
    r"((?:upload_id|uploadId|X-Goog-Signature|assertion)=)[^&\s'\")>]+"
    r"|()(?:ya29\.|eyJ)[\w.~+/-]{16,}=*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One refusal of Google.

    Attributes:
        status: The status of the answer, such as 404.
        code: Its code, such as `NoSuchBucket` or `conditionNotMet`; empty where there is none.
        message: What Google says with it.
        place: What was asked for, as `gs://bucket/key`, where the error names it.
    """

    status: int
    code: str = ""
    message: str = ""
    place: str | None = None

    @property
    def is_bare(self) -> bool:
        """Whether there is a status alone, and one that leaves the reason open."""
        return self.status in _OPEN_STATUSES and not (self.code or self.message)

    @property
    def is_bucket_missing(self) -> bool:
        """Whether Google says that there is no such bucket."""
        return self.status == 404 and "bucket does not exist" in self.message

    @property
    def is_of_organisation(self) -> bool:
        """Whether a policy of the organisation is what refuses."""
        return self.has("orgPolicyConstraintFailed") or self.says("violates constraint")

    @property
    def is_condition_failed(self) -> bool:
        """Whether what is there is not what the request expects to be there."""
        return self.status == 412 and not self.is_of_organisation

    @property
    def told(self) -> str:
        """What Google has said, in one line without the full stop."""
        message = " ".join(self.message.split()).rstrip(". ")
        return ": ".join(one for one in (self.code or str(self.status), message) if one)

    def has(self, *codes: str) -> bool:
        """Return whether the code is one of some; the two APIs of Cloud Storage differ in case."""
        return self.code.lower() in {one.lower() for one in codes}

    def says(self, *signs: str) -> bool:
        """Return whether the message holds one of some texts."""
        return any(one in self.message for one in signs)


def refused_by(error: BaseException | None) -> GoogleAPICallError | None:
    """Return the answer that an error of a client tells of, also after it has tried for long."""
    if isinstance(error, RetryError):
        error = error.cause
    return error if isinstance(error, GoogleAPICallError) else None


def code_of(error: BaseException) -> str:
    """Return Google's code of an error, such as `conditionNotMet`; empty for other errors."""
    refused = refused_by(error)
    told = refused.errors if refused else ()  # an operation's are no mappings
    reasons = [str(one.get("reason", "")) for one in told if isinstance(one, Mapping)]
    return next(iter(reasons), "")


def answer_of(error: BaseException) -> Answer | None:
    """Return what Google has answered; None for an error that tells of no answer."""
    refused = refused_by(error)
    if refused is not None:
        return Answer(int(refused.code or 0), code_of(error), _without_address(refused.message))
    for one in (error, error.__cause__, error.__context__):
        if _is_of_gcsfs(one) and getattr(one, "code", None) is not None:
            message = str(getattr(one, "message", ""))
            return Answer(int(one.code), message=message.rpartition(",")[0])  # type: ignore[union-attr]
    address, _, message = str(error).partition("\n")
    if isinstance(error, OSError) and address.startswith("Forbidden: "):
        return Answer(403, message=message)
    if isinstance(error, ValueError) and address.startswith("Bad Request: "):
        return Answer(400, message=message)
    unlisted = re.fullmatch(r"b/([^/]+)/o", address)
    if isinstance(error, FileNotFoundError) and unlisted is not None:
        return Answer(404, message=_NO_BUCKET, place=f"gs://{unlisted[1]}/")
    return _of_text(str(error))


def is_of_object_store(error: BaseException) -> bool:
    """Return whether an error comes from the object store in Polars or deltalake, for Google."""
    return "Generic GCS error" in (text := _flat(str(error))) or (
        "object-store error" in text and "gs://" in text
    )


def hide_secrets(error: BaseException, secrets: Iterable[str] = ()) -> None:
    """Take secrets out of the text of an error and of all that it was raised from.

    Args:
        error: What was raised.
        secrets: What is known to be one.
    """
    redact(error, _SECRETS, secrets)


def _is_of_gcsfs(error: BaseException | None) -> bool:
    """Return whether an error is gcsfs' own, without loading it."""
    return type(error).__module__ == "gcsfs.retry"


def _without_address(message: str) -> str:
    """Return a message without the method and the address that a client puts before it."""
    return re.sub(r"^[A-Z]+ https?://\S+: ", "", message)


def _of_text(text: str) -> Answer | None:
    text = _flat(text)
    status = re.search(r"non-2xx status code: (\d{3})", text)
    if status is None:
        return None
    code, message, details = (_element(text, one) for one in ("Code", "Message", "Details"))
    told = " ".join(one for one in (message, details) if one)
    return Answer(int(status[1]), code, told, _place(text))


def _flat(text: str) -> str:
    return _LAYOUT.sub(" ", text)


def _element(text: str, name: str) -> str:
    found = re.search(_ELEMENT.format(name), text)
    return found[1] if found else ""


def _place(text: str) -> str | None:
    # The path that Polars adds may be that of an earlier request to the bucket; the key is right.
    bucket = re.search(r"\(path: gs://([^/)]+)", text)
    key = re.search(r"(?:Object at location (.+?) not found|for path (.+?)):", text)
    if bucket is None:
        return None
    return f"gs://{bucket[1]}/{(key[1] or key[2]) if key else ''}"
