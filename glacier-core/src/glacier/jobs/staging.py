"""Where jobs and their data travel: a prefix of a bucket that the provider names."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from glacier.errors import JobError, NoAdapterError, StorageError
from glacier.resources.translation import translated
from glacier.storage import new_token

if TYPE_CHECKING:
    from glacier.adapters import BucketAdapter
    from glacier.provider import Provider
    from glacier.resources import Bucket


def staging_of(provider: "Provider") -> "Bucket":
    """Return the dataset below which a provider's jobs have their places.

    Raises:
        JobError: The provider names no staging and its platform has no default.
    """
    from glacier.plugins import load_plugins
    from glacier.registry import load_adapter
    from glacier.resources import Bucket

    named = provider.staging
    if named is None:
        with suppress(NoAdapterError):  # a platform without buckets
            spec = load_plugins().registry.find(Bucket, type(provider.config))
            named = cast("type[BucketAdapter]", load_adapter(spec)).default_staging(provider)
    if named is None:
        platform = type(provider.config).__name__
        raise JobError(
            f"Jobs travel through a bucket, and this provider on {platform} names none. Say which: "
            f'Provider(config={platform}(...), staging="my-bucket/glacier").'
        )
    bucket_name, _, prefix = named.partition("/")
    path = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return Bucket(bucket_name, f"{path}jobs/", "parquet", provider)


def prepared_staging(provider: "Provider") -> "Bucket":
    """Return `staging_of(provider)`, whose bucket is there; made now if it is the default one.

    Raises:
        JobError: As `staging_of`.
        StorageError: The platform's default bucket can't be made.
    """
    staging = staging_of(provider)
    if provider.staging is None:
        with translated(staging):
            staging.adapter.prepare_staging()
    return staging


def new_place(staging: "Bucket") -> "Bucket":
    """Return a new and empty dataset below another one, by a name that nobody can guess."""
    return staging / f"{new_token()}/"


@contextmanager
def discarded_on_failure(place: "Bucket") -> Iterator[None]:
    """Remove what lies in a place if the work on it fails, before a job runs there."""
    try:
        yield
    except BaseException:
        # The first error counts, also where the store is to blame for both.
        with suppress(StorageError), translated(place):
            place.adapter.delete()
        raise
