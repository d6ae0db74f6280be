"""Takes out of a report what may be a secret, whatever part of it says so."""

import re

from glacier.known_secrets import hidden, known_secrets
from glacier.redaction import redacted

# The password of a URI, and the values of queries that sign or grant.
_IN_URIS = re.compile(
    r"((?://[^/\s:@'\"]*:)(?=[^/\s@]+@)"
    r"|[?&;](?:sig|signature|token|code|password|secret|api[_-]?key|access[_-]?token"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid)=)"
    r"[^&;\s'\"<>@]+",
    re.IGNORECASE,
)


class Hider:
    """Hides the secrets of all configs of this process, and those that URIs carry."""

    def __init__(self) -> None:
        self._known = known_secrets()

    def __call__(self, text: str) -> str:
        """Return a text without secrets."""
        return redacted(hidden(text, self._known), _IN_URIS)
