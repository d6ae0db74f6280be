"""Names that Cloud Storage takes; without its SDK, so that they are checked before any request."""

import re
from typing import TYPE_CHECKING

from glacier.errors import PathError

if TYPE_CHECKING:
    from glacier.resources import Bucket

LONGEST_KEY = 1024
"""The length in bytes of the longest name of an object."""

_LONGEST_PART = 63
_LONGEST_NAME = 222
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_bucket(bucket: "Bucket") -> None:
    """Refuse a bucket whose name or path Cloud Storage, or Polars there, can't have.

    The rules are those of "About Cloud Storage buckets" and "About Cloud Storage objects":
    https://cloud.google.com/storage/docs/buckets#naming
    https://cloud.google.com/storage/docs/objects#naming

    Raises:
        PathError: The name or the path is not legal.
    """
    name, path = bucket.bucket_name, bucket.path
    problem = _problem_of_name(name)
    if problem is not None:
        raise PathError(
            f"The bucket name {name!r} is not legal on Cloud Storage: {problem}.", bucket_name=name
        )
    problem = _problem_of_path(path)
    if problem is not None:
        shown = path if len(path) <= 60 else f"{path[:40]}…"
        raise PathError(
            f"The path {shown!r} is not legal on Cloud Storage: {problem}. Rename the object.",
            path=path,
        )


def _problem_of_name(name: str) -> str | None:
    longest = _LONGEST_NAME if "." in name else _LONGEST_PART
    if not 3 <= len(name) <= longest:
        return f"it has {len(name)} characters; expected 3 to {longest}"
    if not re.fullmatch(r"[a-z0-9._-]+", name):
        return "expected lower case letters, digits, hyphens, underscores and full stops only"
    if not (name[0].isalnum() and name[-1].isalnum()):
        return "expected a letter or a digit as its first and last character"
    if any(not 1 <= len(part) <= _LONGEST_PART for part in name.split(".")):
        return f"expected 1 to {_LONGEST_PART} characters between full stops"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        return "it looks like an IP address"
    if name.startswith("goog") or "google" in name:
        return "names that start with 'goog' or hold 'google' are reserved"
    return None


def _problem_of_path(path: str) -> str | None:
    if _CONTROL.search(path):
        return "it holds a control character, which the object store in Polars refuses"
    length = len(path.encode())
    if length > LONGEST_KEY:
        return f"it has {length:,} bytes, and names have at most {LONGEST_KEY:,}"
    if path.startswith(".well-known/acme-challenge/"):
        return "names that start with '.well-known/acme-challenge/' are reserved"
    return None
