from typing import Literal, Optional

from glacier import providers
from glacier.providers import AWSProvider, AzureProvider


def one(
    a: "AWSProvider",
    b: 'Optional[AWSProvider]' = None,
    c: "AWSProvider | AzureProvider | None" = None,
    d: list["AzureProvider"] = (),
    e: "providers.LocalProvider" = None,
    f: Literal["AWSProvider"] = "AWSProvider",
) -> """AWSProvider""":
    """Return an AWSProvider, not an "AzureProvider"."""
    return a
