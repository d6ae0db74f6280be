"""What Azure has answered, read out of an error of its SDKs, of adlfs or of Polars' object store.

The SDKs have the answer as data, adlfs raises its errors while it handles theirs, and Polars has
the text of the answer within its own. Polars shows only the status of an answer without a body,
such as one to a HEAD request, whose header with the code it drops.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, HttpResponseError

from glacier.redaction import chain_of, redact, redacted

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpResponse

_OPEN_STATUSES = {"400", "401", "403", "404", "409", "412"}
_ELEMENT = r"<{0}>(.*?)</{0}>"
_SIGNATURE = re.compile(r"(\bsig=)[^&\s'\"<>)\]]+", re.IGNORECASE)
_TRACES = re.compile(r"\s*(RequestId:|Time:\d{4}-|ErrorCode:|Content: ).*", re.DOTALL)
_REPEATED = re.compile(
    r"\((?P<code>[^)]+)\) (?P<message>.*?)\s*\nCode: (?P=code)\s*\nMessage: (?P=message)", re.DOTALL
)
# deltalake breaks the text of its object store into lines with arrows and colours.
_LAYOUT = re.compile(r"\x1b\[\d*m|↳|\s+")


@dataclass(frozen=True, slots=True)
class Answer:
    """One refusal of Azure.

    Attributes:
        code: Its code, such as `ContainerNotFound`; the status where there is no more than that.
        message: What Azure says with it.
        detail: What it says about a credential that it does not accept.
        place: What was asked for, as `container/blob`, where the error names it.
    """

    code: str
    message: str = ""
    detail: str = ""
    place: str | None = None

    @property
    def is_bare(self) -> bool:
        """Whether there is a status alone, and one that leaves the reason open."""
        return self.code in _OPEN_STATUSES

    @property
    def told(self) -> str:
        """What Azure has said, in one line without the full stop."""
        message = " ".join(self.message.split()).rstrip(". ")
        return ": ".join(one for one in (self.code, message) if one)


def code_of(error: BaseException) -> str:
    """Return the code of an error of Azure, such as `ContainerNotFound`; empty for other errors."""
    if not isinstance(error, HttpResponseError):
        return ""
    code = getattr(error, "error_code", None) or getattr(error.error, "code", None)
    return "" if code is None else str(getattr(code, "value", code))


def said_by(error: AzureError) -> str:
    """Return what an error of an SDK says, in one line without the full stop.

    Those of Resource Manager begin with the answer's code and message, and say both again.
    """
    text = str(error.message or error)
    repeated = _REPEATED.match(text)
    if repeated is not None:
        text = repeated["message"] + text[repeated.end() :]
    return " ".join(text.split()).rstrip(". ")


def answer_of(error: BaseException) -> Answer | None:
    """Return what Azure has answered; None for an error that tells of no answer."""
    if isinstance(error, HttpResponseError):
        return _of_response_error(error)
    for origin in (error.__cause__, error.__context__):
        if isinstance(error, OSError) and isinstance(origin, HttpResponseError):
            return _of_response_error(origin)
    return _of_text(str(error))


def answer_in(response: "HttpResponse", place: str) -> Answer:
    """Return what Azure has answered to one part of a batch, about `container/blob`."""
    code = response.headers.get("x-ms-error-code") or str(response.status_code)
    return Answer(code, str(response.reason or ""), place=place)


def is_of_object_store(error: BaseException) -> bool:
    """Return whether an error comes from the object store in Polars or deltalake, for Azure."""
    return "Generic MicrosoftAzure error" in (text := _flat(str(error))) or (
        "object-store error" in text and ("abfs://" in text or "abfss://" in text)
    )


def hide_secrets(error: BaseException, secrets: Iterable[str] = ()) -> None:
    """Take secrets out of the text of an error and of all that it was raised from.

    A URL holds its shared access signature, and errors of connections repeat their URL.

    Args:
        error: What was raised.
        secrets: What is known to be one.
    """
    known = list(secrets)
    redact(error, _SIGNATURE, known)
    for one in chain_of(error):
        text = str(one)
        if isinstance(one, HttpResponseError) and redacted(text, _SIGNATURE, known) != text:
            one.response = None  # whose body the SDK puts into the text


def _of_response_error(error: HttpResponseError) -> Answer:
    message = getattr(error.error, "message", None) or error.message
    details = getattr(error, "additional_info", None) or {}
    return Answer(
        code=code_of(error) or str(error.status_code or ""),
        message=_TRACES.sub("", _unwrapped(str(message))),
        detail=str(details.get("authenticationerrordetail", "")),
    )


def _unwrapped(message: str) -> str:
    """Return what the SDK has put into a sentence of its own where the answer had no body."""
    found = re.match(r"Operation returned an invalid status '(.*?)'\s*(ErrorCode|$)", message)
    return found[1] if found else message


def _of_text(text: str) -> Answer | None:
    text = _flat(text)
    status = re.search(r"non-2xx status code: (\d{3})", text)
    if status is None:
        return None
    code, message, detail = (
        _element(text, name) for name in ("Code", "Message", "AuthenticationErrorDetail")
    )
    return Answer(
        code=code or status[1],
        message=_TRACES.sub("", message),
        detail=detail,
        place=_place(text),
    )


def _flat(text: str) -> str:
    return _LAYOUT.sub(" ", text)


def _element(text: str, name: str) -> str:
    found = re.search(_ELEMENT.format(name), text)
    return found[1] if found else ""


def _place(text: str) -> str | None:
    # The path that Polars adds may be that of an earlier request there; the key is right.
    container = re.search(r"\(path: abfss?://([^/@)]+)@", text)
    key = re.search(r"(?:Object at location (.+?) not found|for path (.+?)):", text)
    if container is None:
        return None
    return f"{container[1]}/{(key[1] or key[2]) if key else ''}"
