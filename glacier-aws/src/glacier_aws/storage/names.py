"""Names that S3 takes; without its SDK, so that they are checked before any request."""

import re
from typing import TYPE_CHECKING

from glacier.errors import PathError

if TYPE_CHECKING:
    from glacier.resources import Bucket

LONGEST_KEY = 1024
"""The length in bytes of the longest key."""

_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_bucket(bucket: "Bucket") -> None:
    """Refuse a bucket whose name or path S3, or Polars there, can't have.

    The rules are those of general purpose buckets ("Bucket naming rules" in S3's User Guide). The
    endings that it reserves are let through: aliases of access points have them, which name a
    bucket as well.

    Raises:
        PathError: The name or the path is not legal.
    """
    name, path = bucket.bucket_name, bucket.path
    problem = _problem_of_name(name)
    if problem is not None:
        raise PathError(
            f"The bucket name {name!r} is not legal on S3: {problem}.", bucket_name=name
        )
    if _CONTROL.search(path):
        raise PathError(
            f"The path {path!r} is not legal on S3: it holds a control character, which the object "
            "store in Polars refuses. Rename the object.",
            path=path,
        )
    length = len(path.encode())
    if length > LONGEST_KEY:
        raise PathError(
            f"The path {path[:40]!r}… is not legal on S3: it has {length:,} bytes, and keys have "
            f"at most {LONGEST_KEY:,}.",
            path=path,
        )


def _problem_of_name(name: str) -> str | None:
    if not 3 <= len(name) <= 63:
        return f"it has {len(name)} characters; expected 3 to 63"
    if not re.fullmatch(r"[a-z0-9.-]+", name):
        return "expected lower case letters, digits, hyphens and full stops only"
    if not (name[0].isalnum() and name[-1].isalnum()):
        return "expected a letter or a digit as its first and last character"
    if ".." in name:
        return "it has two full stops side by side"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        return "it looks like an IP address"
    if name.startswith(_RESERVED_STARTS):
        return f"names that start with {', '.join(_RESERVED_STARTS)} are reserved"
    return None
