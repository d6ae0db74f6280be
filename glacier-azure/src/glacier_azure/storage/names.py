"""Names that Blob Storage takes; without its SDK, so that they are checked before any request."""

import re
from typing import TYPE_CHECKING

from glacier.errors import ConfigError, PathError

if TYPE_CHECKING:
    from glacier.resources import Bucket

LONGEST_BLOB_NAME = 1024
"""The length in characters of the longest name of a blob."""

MOST_SEGMENTS = 254
"""How many parts between slashes a blob's name has at most."""

ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")
"""The names that storage accounts can have:
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"""

_SPECIAL = {"$root", "$web"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_bucket(bucket: "Bucket") -> None:
    """Refuse a bucket whose name or path Blob Storage, or Polars there, can't have.

    The rules are those of "Naming and referencing containers, blobs, and metadata":
    https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata

    Raises:
        PathError: The name or the path is not legal.
    """
    name, path = bucket.bucket_name, bucket.path
    problem = _problem_of_name(name)
    if problem is not None:
        raise PathError(
            f"The bucket name {name!r} is not legal on Blob Storage, where it names a container: "
            f"{problem}.",
            bucket_name=name,
        )
    problem = _problem_of_path(path)
    if problem is not None:
        shown = path if len(path) <= 60 else f"{path[:40]}…"
        raise PathError(
            f"The path {shown!r} is not legal on Blob Storage: {problem}. Rename the blob.",
            path=path,
        )


def check_account(name: str) -> str:
    """Return the name of a storage account; refuse one that Azure can't make.

    Raises:
        ConfigError: The name is not legal.
    """
    if ACCOUNT_NAME.fullmatch(name):
        return name
    raise ConfigError(
        f"No storage account can be called {name!r}, which has {len(name)} characters; expected 3 "
        "to 24 lower case letters and digits. Set AzureConfig(storage_account=...) or "
        "AZURE_STORAGE_ACCOUNT."
    )


def _problem_of_name(name: str) -> str | None:
    if name in _SPECIAL:
        return None
    if not 3 <= len(name) <= 63:
        return f"it has {len(name)} characters; expected 3 to 63"
    if not re.fullmatch(r"[a-z0-9-]+", name):
        return "expected lower case letters, digits and hyphens only"
    if name.startswith("-") or name.endswith("-"):
        return "expected a letter or a digit as its first and last character"
    if "--" in name:
        return "it has two hyphens side by side"
    return None


def _problem_of_path(path: str) -> str | None:
    if _CONTROL.search(path):
        return "it holds a control character, which the object store in Polars refuses"
    if len(path) > LONGEST_BLOB_NAME:
        return f"it has {len(path):,} characters, and names have at most {LONGEST_BLOB_NAME:,}"
    parts = path.removesuffix("/").split("/")
    if len(parts) > MOST_SEGMENTS:
        return f"it has {len(parts):,} parts, and names have at most {MOST_SEGMENTS:,}"
    ending = next((one for one in parts if one.endswith(".")), None)
    return f"its part {ending!r} ends in a full stop, which Azure drops" if ending else None
