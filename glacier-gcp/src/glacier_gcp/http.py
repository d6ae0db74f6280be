"""Requests for which Google's libraries have no call, with what Google has answered as an error."""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, from_http_status
from requests import RequestException

if TYPE_CHECKING:
    from requests import Response, Session

    from glacier_gcp.session import GcpSession

_DONE = (200, 201, 204)


class NoAnswerError(ConnectionError):
    """Google can't be reached, or did not answer in time, or broke off; says nothing secret."""


def send(
    session: "GcpSession",
    method: str,
    url: str,
    *,
    expected: Collection[int] = _DONE,
    through: "Session | None" = None,
    **request: Any,  # Any: arguments of another library
) -> "Response":
    """Make a request that may be made twice, and try it again as Google's clients do.

    Args:
        session: Whose identity asks.
        method: Such as `PUT`.
        url: The address; it may hold what is a secret, and is in no error.
        expected: The statuses that are no refusal.
        through: What sends it; the session's own, which adds its identity, where None.
        **request: What else `requests` takes, such as `data`, `json` and `headers`.

    Raises:
        GoogleAPIError: Google refuses, or did not answer soundly in the time for that.
        NoAnswerError: It can't be reached.
    """
    once = session.retry(send_once)
    return once(session, method, url, expected=expected, through=through, **request)


def send_once(
    session: "GcpSession",
    method: str,
    url: str,
    *,
    expected: Collection[int] = _DONE,
    through: "Session | None" = None,
    **request: Any,  # Any: arguments of another library
) -> "Response":
    """Make a request once; as `send`."""
    sender: Session = through or session.http
    try:
        response = sender.request(method, url, timeout=session.timeout, **request)
    except RequestException as error:
        failure: Exception = NoAnswerError(_without_query(str(error)))
    else:
        if response.status_code in expected:
            return response
        failure = refusal(response)
    raise failure  # here, so that the other error, which has the whole address, is no part of it


def _without_query(text: str) -> str:
    """Return a text without the queries of addresses, which may hold what is a secret."""
    return re.sub(r"\?\S+", "", text)


def refusal(response: "Response") -> GoogleAPIError:
    """Return the error for an answer in JSON or XML, with Google's code as its `reason`.

    A 404 without Google's words does not say that something is not there: it is what any other
    server says, where `endpoint` is none of Google's.
    """
    told = _told_in_json(response) or _told_in_xml(response)
    if told is None and response.status_code == 404 and response.request.method != "HEAD":
        host = urlsplit(response.url).netloc
        return GoogleAPIError(
            f"{host} answers with 404, and not in the words of Google's APIs; check "
            "GcpConfig(endpoint=...)"
        )
    code, message = told or ("", response.text[:500])
    error: GoogleAPICallError = from_http_status(
        response.status_code,
        message or str(response.reason),
        errors=[{"reason": code}] if code else (),
        response=response,
    )
    return error


def xml_of(response: "Response") -> ET.Element:
    """Return the root of an answer in XML.

    Raises:
        GoogleAPIError: It is none.
    """
    try:
        return ET.fromstring(response.text)  # noqa: S314 - from Google, by TLS
    except ET.ParseError as error:
        raise GoogleAPIError(
            f"Cloud Storage answered without XML: {response.text[:200]}"
        ) from error


def text_of(response: "Response", element: str) -> str:
    """Return the text of an element of an answer in XML, whatever its namespace.

    Raises:
        GoogleAPIError: It has none.
    """
    found = _element(response.text, element)
    if found is None:
        raise GoogleAPIError(f"Cloud Storage answered without {element}: {response.text[:200]}")
    return found


def _told_in_json(response: "Response") -> tuple[str, str] | None:
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(error, dict):
        return "", str(error)
    reasons = [str(one.get("reason", "")) for one in error.get("errors") or ()]
    code = next(iter(reasons), "") or str(error.get("status", ""))
    return code, str(error.get("message", ""))


def _told_in_xml(response: "Response") -> tuple[str, str] | None:
    code = _element(response.text, "Code")
    if code is None:
        return None
    parts = [_element(response.text, name) for name in ("Message", "Details")]
    return code, " ".join(one for one in parts if one)


def _element(text: str, name: str) -> str | None:
    if not re.match(r"\s*<", text):
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314 - from Google, by TLS
    except ET.ParseError:
        return None
    found = root.find(f".//{{*}}{name}")
    return None if found is None else found.text or ""
