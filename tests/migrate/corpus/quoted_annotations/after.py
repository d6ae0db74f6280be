from typing import Literal, Optional

from glacier import Provider


def one(
    a: "Provider",
    b: 'Optional[Provider]' = None,
    c: "Provider | None" = None,
    d: list["Provider"] = (),
    e: "Provider" = None,
    f: Literal["AWSProvider"] = "AWSProvider",
) -> """Provider""":
    """Return an AWSProvider, not an "AzureProvider"."""
    return a
