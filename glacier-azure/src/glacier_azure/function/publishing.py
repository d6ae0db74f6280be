"""The code of an app: handed to its SCM site, which installs what it needs, and says how it went.

Flex Consumption takes it at `/api/publish`, other plans at `/api/zipdeploy`. That a zip was taken
proves nothing; the deployment's status does.
"""

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceRequestError

from glacier.errors import FunctionError
from glacier.pauses import pauses
from glacier_azure.function.errors import end_of
from glacier_azure.function.web import send

if TYPE_CHECKING:
    from azure.core.rest import HttpResponse

    from glacier.resources import Serverless
    from glacier_azure.session import AzureSession

BUILD_SECONDS = 1800.0
"""How long is waited for a deployment."""

_FAILED, _SUCCEEDED, _CONFLICT, _PARTLY = 3, 4, 5, 6
_VERDICTS = {
    _FAILED: "failed",
    _CONFLICT: "was given up for another one",
    _PARTLY: "succeeded in part",
}
_NOT_NOW = {409, 429, 502, 503}
"""Another deployment goes on, or the SCM site starts."""

_START_SECONDS = 120.0
_UPLOAD_SECONDS = 600.0


class Publishing:
    """The deployment of one zip.

    Args:
        function: The function, for errors.
        session: Who deploys.
        scm: The address of the app's SCM site.
    """

    def __init__(self, function: "Serverless", session: "AzureSession", scm: str) -> None:
        self._function = function
        self._session = session
        self._scm = scm

    def run(self, package: bytes, *, is_flex: bool) -> None:
        """Hand the zip over and wait for the verdict.

        Raises:
            FunctionError: The zip is refused, or what it needs can't be installed; with the log.
            AzureError: The SCM site can't be reached, or does not answer.
        """
        path = "/api/publish?RemoteBuild=true" if is_flex else "/api/zipdeploy?isAsync=true"
        place = f"/api/deployments/{self._begun(path, package)}"
        for _ in pauses(BUILD_SECONDS):
            status = self._status(place)
            if status == _SUCCEEDED:
                return
            if status in _VERDICTS:
                log = self._log(place)
                raise self._error(f"{_VERDICTS[status]} (status {status}).{end_of(log)}", log)
        raise self._error(f"has not ended after {BUILD_SECONDS:.0f} seconds. Look at {place}.", "")

    def _begun(self, path: str, package: bytes) -> str:
        """Hand the zip over and return the deployment's id."""
        answer: HttpResponse | None = None
        for _ in pauses(_START_SECONDS):
            try:
                answer = self._sent("POST", path, package)
            except ServiceRequestError:
                answer = None  # the site's name is not known everywhere yet
            else:
                if answer.status_code not in _NOT_NOW:
                    break
        if answer is None:  # once more, for its own error
            answer = self._sent("POST", path, package)
        if answer.status_code not in {200, 202}:
            said = " ".join(answer.text().split())
            raise self._error(f"was refused: HTTP {answer.status_code}: {said}", "")
        told = answer.headers.get("SCM-DEPLOYMENT-ID") or _text_in(answer.text())
        return told or "latest"

    def _status(self, place: str) -> int | None:
        """Return the deployment's status; None for one that can't be seen yet."""
        answer = self._sent("GET", place)
        if answer.status_code in {404, *_NOT_NOW}:
            return None
        answer.raise_for_status()
        found = answer.json().get("status")
        return found if isinstance(found, int) else None

    def _log(self, place: str) -> str:
        """Return the deployment's log, with the details of its entries."""
        lines: list[str] = []
        for entry in self._entries(f"{self._scm}{place}/log"):
            lines.append(str(entry.get("message", "")))
            if entry.get("details_url"):
                # From the site that told of it, whoever it names: a token goes with the request.
                details = self._entries(f"{self._scm}{urlsplit(str(entry['details_url'])).path}")
                lines += [str(one.get("message", "")) for one in details]
        return "\n".join(line for line in lines if line.strip())

    def _entries(self, url: str) -> list[dict[str, object]]:
        answer = send(self._session, "GET", url, is_scm=True)
        found = answer.json() if answer.status_code == 200 else []
        return found if isinstance(found, list) else []

    def _sent(self, method: str, path: str, content: bytes | None = None) -> "HttpResponse":
        return send(
            self._session,
            method,
            f"{self._scm}{path}",
            headers={"Content-Type": "application/zip"} if content is not None else None,
            content=content,
            is_scm=True,
            read_timeout_seconds=_UPLOAD_SECONDS if content is not None else None,
        )

    def _error(self, problem: str, log: str) -> FunctionError:
        name = self._function.function_name
        return FunctionError(
            f"The function {name!r} could not be deployed: the deployment of its code {problem}",
            function_name=name,
            log=log,
        )


def _text_in(content: str) -> str:
    """Return the text that an answer is, in JSON or not; empty for anything else."""
    try:
        found = json.loads(content)
    except ValueError:
        found = content
    return found.strip() if isinstance(found, str) else ""
