"""Roles for functions and jobs, which may do what they have to and no more.

What is bound is a pure function of what is touched, so that `deploy()` and Terraform give the same
rights.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glacier.claims import claims_on, settled
from glacier.storage import fixed_part, is_glob
from glacier_gcp.config import GcpConfig

if TYPE_CHECKING:
    from glacier.access import Access
    from glacier.resources import Bucket

VIEWER = "roles/storage.objectViewer"
USER = "roles/storage.objectUser"

_LONGEST_ACCOUNT = 30
_DIGEST = 8
_STORAGE = "storage.googleapis.com"
_MOST_TERMS = 12
"""How many terms an expression has: one may join 12 operators.
https://cloud.google.com/iam/quotas#limits"""


@dataclass(frozen=True, slots=True)
class Binding:
    """A role in one bucket's policy.

    Attributes:
        bucket: One of the resources that are this bucket.
        role: The role, such as `roles/storage.objectViewer`.
        title: What the condition is called; empty without one.
        condition: Of which objects it holds, in CEL; empty for the whole bucket.
    """

    bucket: "Bucket"
    role: str
    title: str = ""
    condition: str = ""


def bucket_bindings(access: "Access") -> tuple[Binding, ...]:
    """Return the roles to read and write some buckets' paths; buckets of other platforms aside.

    What is written can be read, too. Whoever may read a path may list its whole bucket, and whoever
    writes its unfinished uploads: Google asks for these rights on buckets, where a condition can't
    tell one prefix from another, and answers 403 without them for what is merely not there. A
    bucket without uniform bucket-level access takes no conditions:
    https://cloud.google.com/storage/docs/access-control/iam#conditions
    """
    reads, writes = (_by_name(buckets) for buckets in (access.reads, access.writes))
    return tuple(
        binding
        for name in sorted({*reads, *writes})
        for binding in _bindings_of(reads.get(name, []), writes.get(name, []))
    )


def dataproc_condition(staging_name: str, region: str) -> str:
    """Return the condition for `roles/dataproc.worker`, which by itself may touch all buckets.

    Of Cloud Storage it leaves those that Dataproc itself needs: on the buckets that it makes for
    itself, and on what it puts into the bucket of staging:
    https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/staging-bucket

    Args:
        staging_name: The bucket of staging.
        region: Dataproc's region.
    """
    staging = _path(staging_name)
    starts = [
        *(_path(f"dataproc-{kind}-{region}-") for kind in ("staging", "temp")),
        f"{staging}/objects/google-cloud-dataproc-metainfo/",
    ]
    return " || ".join(
        [
            f"resource.service != {_quoted(_STORAGE)}",
            f"resource.name == {_quoted(staging)}",
            *(f"resource.name.startsWith({_quoted(one)})" for one in starts),
        ]
    )


def account_id(kind: str, name: str, region: str) -> str:
    """Return the id of the service account that is made for a resource whose config names none.

    Accounts are those of the whole project, and ids have 30 characters: the digest keeps apart
    resources of one name in several regions, and long names.

    Args:
        kind: What the resource is, such as `function`.
        name: Its name.
        region: Its region.
    """
    digest = hashlib.sha256(f"{kind}/{region}/{name}".encode()).hexdigest()[:_DIGEST]
    safe = re.sub(r"[^a-z0-9]+", "-", name.lower())
    start = f"glacier-{safe}"[: _LONGEST_ACCOUNT - _DIGEST - 1].rstrip("-")
    return f"{start}-{digest}"


def account_email(name: str, project: str) -> str:
    """Return the e-mail address of a project's service account."""
    if ":" in project:  # of a domain's own, such as `example.com:project`
        domain, _, name_there = project.partition(":")
        return f"{name}@{name_there}.{domain}.iam.gserviceaccount.com"
    return f"{name}@{project}.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """What one resource means in its bucket: an object, or all whose names start alike."""

    name: str
    is_prefix: bool

    @classmethod
    def of(cls, bucket: "Bucket") -> "_Place":
        if is_glob(bucket.path):
            return cls(fixed_part(bucket.path), is_prefix=True)
        if bucket.is_table and not bucket.path.endswith("/"):
            return cls(f"{bucket.path}/", is_prefix=True)
        return cls(bucket.path, bucket.is_dataset)

    def covers(self, other: "_Place") -> bool:
        """Return whether all that another one means lies within this one."""
        return self == other or (self.is_prefix and other.name.startswith(self.name))

    def condition(self, bucket_name: str) -> str:
        path = _quoted(f"{_path(bucket_name)}/objects/{self.name}")
        how = f"resource.name.startsWith({path})"
        return how if self.is_prefix else f"resource.name == {path}"


_EVERYTHING = _Place("", is_prefix=True)


def _bindings_of(reads: "list[Bucket]", writes: "list[Bucket]") -> list[Binding]:
    """Return the bindings of one bucket, which all of the resources are."""
    bucket = [*reads, *writes][0]
    written = _outermost(map(_Place.of, writes))
    read = _outermost(map(_Place.of, reads))
    if not _takes_conditions(bucket):
        return [Binding(bucket, USER if written else VIEWER)]
    if written == [_EVERYTHING]:
        return [Binding(bucket, USER)]
    found = _conditional(bucket, USER, "write", written)
    if read == [_EVERYTHING]:
        return [*found, Binding(bucket, VIEWER)]
    only_read = [one for one in read if not any(other.covers(one) for other in written)]
    is_bucket = f"resource.name == {_quoted(_path(bucket.bucket_name))}"
    listing = Binding(bucket, USER if written else VIEWER, "glacier list", is_bucket)
    return [*found, *_conditional(bucket, VIEWER, "read", only_read), listing]


def _outermost(places: Iterable[_Place]) -> list[_Place]:
    """Return places without those that lie within another one."""
    found = sorted(set(places))
    return [one for one in found if not any(other.covers(one) for other in found if other != one)]


def _conditional(bucket: "Bucket", role: str, what: str, places: list[_Place]) -> list[Binding]:
    terms = [place.condition(bucket.bucket_name) for place in places]
    parts = [terms[at : at + _MOST_TERMS] for at in range(0, len(terms), _MOST_TERMS)]
    return [
        Binding(bucket, role, f"glacier {what}{f' {number}' if number else ''}", " || ".join(part))
        for number, part in enumerate(parts)
    ]


def _takes_conditions(bucket: "Bucket") -> bool:
    claims = claims_on(bucket.provider, "bucket", bucket.bucket_name)
    return bool(settled(claims).fields.get("uniform_bucket_level_access", True))


def _by_name(buckets: Iterable["Bucket"]) -> dict[str, list["Bucket"]]:
    found: dict[str, list[Bucket]] = {}
    for one in buckets:
        if isinstance(one.provider.config, GcpConfig):
            found.setdefault(one.bucket_name, []).append(one)
    return found


def _path(bucket_name: str) -> str:
    return f"projects/_/buckets/{bucket_name}"


def _quoted(text: str) -> str:
    """Return a text as CEL writes it."""
    return json.dumps(text, ensure_ascii=False)
