"""Shared access signatures: what they say of themselves, none of which is secret but `sig`.

https://learn.microsoft.com/rest/api/storageservices/create-account-sas
"""

from datetime import UTC, datetime
from urllib.parse import parse_qs


def part_of(signature: str, name: str) -> str:
    """Return a part of a signature, such as its permissions in `sp`; empty where it has none."""
    return next(iter(parse_qs(signature).get(name, ())), "")


def time_in(signature: str, name: str) -> datetime | None:
    """Return a time of a signature: `st`, its start, or `se`, its end; None where it has none."""
    try:
        found = datetime.fromisoformat(part_of(signature, name))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
