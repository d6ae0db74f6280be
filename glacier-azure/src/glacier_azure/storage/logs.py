"""Signatures stand in URLs, which the HTTP library logs; so they are taken out there."""

import logging
import re

_SIGNATURE = re.compile(r"(\bsig=)[^&\s\"]+")
_LOGGER = "urllib3.connectionpool"


class _WithoutSignatures(logging.Filter):
    """Lets every record pass, without the signatures in its arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return that the record is kept."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                _SIGNATURE.sub(r"\1REDACTED", one) if isinstance(one, str) else one
                for one in record.args
            )
        return True


_FILTER = _WithoutSignatures()


def hide_signatures() -> None:
    """Have no signature logged by what sends requests to Blob Storage; idempotent.

    The SDK's own log has none. That of urllib3 has the whole URL, at the level DEBUG.
    """
    logging.getLogger(_LOGGER).addFilter(_FILTER)
