"""Refusals in the words of Cloud Storage, of which each of its two APIs has its own."""

import json
from dataclasses import dataclass

from tests.rigs.refusals import Refusal

_JSON_PATHS = ("/storage/", "/upload/", "/download/", "/batch/", "/v1/", "/v2/")


@dataclass(frozen=True)
class GoogleRefusal(Refusal):
    """One answer: in JSON to requests of the JSON API, in XML to others.

    Attributes:
        reason: The JSON API's word for it, such as `notFound`, where `code` is the XML API's.
    """

    reason: str = ""

    def document(self, path: str) -> tuple[str, bytes]:
        """Return the type and the bytes of what is answered to a request for a path."""
        if not path.startswith(_JSON_PATHS):
            return super().document(path)
        one = {"message": self.message, "domain": "global", "reason": self.reason}
        error = {"code": self.status, "message": self.message, "errors": [one]}
        return "application/json", json.dumps({"error": error}).encode()


def refusal(status: int, code: str, reason: str, message: str = "Google says so.") -> GoogleRefusal:
    """Return an answer of Cloud Storage.

    Args:
        status: The HTTP status.
        code: The XML API's word for it.
        reason: The JSON API's word for it.
        message: What Google says with it.
    """
    return GoogleRefusal(status, code, message, reason=reason)


class StrangersRefusal(Refusal):
    """An answer of a server that is none of Google's: a page to look at."""

    def document(self, path: str) -> tuple[str, bytes]:
        """Return the type and the bytes of what is answered."""
        return "text/html", f"<html><body><h1>{path}: {self.message}</h1></body></html>".encode()


class TokenRefusal(Refusal):
    """An answer of the service that gives out tokens, whose errors are those of OAuth."""

    def document(self, path: str) -> tuple[str, bytes]:
        """Return the type and the bytes of what is answered."""
        error = {"error": self.code, "error_description": self.message}
        return "application/json", json.dumps(error).encode()
