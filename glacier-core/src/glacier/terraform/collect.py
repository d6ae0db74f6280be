"""From providers' resources, and what pipelines do with them, to one document."""

from typing import TYPE_CHECKING, Any

from glacier.claims import Settings, all_claims, settled
from glacier.jobs.staging import staging_of
from glacier.terraform.document import Document, document_of
from glacier.terraform.touched import NO_PIPELINES, Inspected, Touched, inspected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glacier.access import Access
    from glacier.pipeline import Pipeline
    from glacier.provider import Provider
    from glacier.resources import Bucket, Resource
    from glacier.terraform.blocks import Block


def collected(*providers: "Provider", pipelines: "Iterable[Pipeline[..., Any]]" = ()) -> Document:
    """Return one document of several providers, on whichever clouds.

    `Provider.terraform` has the contract; two providers of one cloud become two configurations of
    its Terraform provider.

    Args:
        *providers: Whose resources are described.
        pipelines: Pipelines that decide what roles may do.
    """
    seen = inspected(tuple(pipelines))
    blocks: list[Block] = []
    notes: list[str] = []
    for provider in providers:
        estate = ProviderEstate(provider, seen)
        for resource in provider.get_resources():
            blocks += provider.get_adapter(resource).blocks(estate)
        notes += estate.notes
    return document_of(blocks, notes)


class ProviderEstate:
    """What adapters are told: the claims of all resources, and what pipelines touch.

    Args:
        provider: Whose resources are described.
        seen: What is known of the pipelines that decide what roles may do.
    """

    def __init__(self, provider: "Provider", seen: Inspected = NO_PIPELINES) -> None:
        self._provider = provider
        self._claims = tuple(all_claims(provider))
        self._touched = Touched(provider, seen)
        self._notes: list[str] = []

    @property
    def provider(self) -> "Provider":
        """The provider whose resources are described."""
        return self._provider

    @property
    def notes(self) -> tuple[str, ...]:
        """Why roles may do more than is known to be needed, as far as adapters have asked."""
        return tuple(self._notes)

    def settings(self, kind: str, name: str) -> Settings:
        """Return what all resources say of one thing.

        Raises:
            ContradictionError: Two of them set a field differently; it names both resources.
        """
        return settled(one for one in self._claims if (one.kind, one.name) == (kind, name))

    def access(self, resource: "Resource") -> "Access":
        """Return the buckets that a function, or the jobs of an executor, may have to touch."""
        access = self._touched.access(resource)
        if access.note:
            self._notes.append(f"{resource!r}: {access.note}")
        return access

    def staging(self) -> "Bucket":
        """Return the place below which jobs, their data and functions' code travel.

        Raises:
            JobError: The provider names none, and its platform has no default.
        """
        return staging_of(self._provider)
