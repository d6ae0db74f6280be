"""Which buckets something may have to read and to write."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Bucket


@dataclass(frozen=True, slots=True)
class Access:
    """What a function or the jobs of an executor touch, for a role that allows no more.

    Attributes:
        reads: Buckets, with their paths, that are read.
        writes: Buckets that are written.
        note: Why it is wider than what is really needed; empty where it is known exactly.
    """

    reads: "tuple[Bucket, ...]"
    writes: "tuple[Bucket, ...]"
    note: str = ""


def declared_access(provider: "Provider", note: str) -> Access:
    """Return reading and writing of every bucket that a provider has made, and of no other."""
    from glacier.resources import Bucket

    declared = tuple(one for one in provider.get_resources() if isinstance(one, Bucket))
    return Access(declared, declared, note)
