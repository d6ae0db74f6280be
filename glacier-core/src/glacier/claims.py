"""What several resources say of one thing on their platform, made into one.

Two paths of a bucket are two resources, and one bucket: what both configs set has to be equal, and
their lifecycle rules add up. Deploying, Terraform and the search for drift all start from here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glacier.errors import ContradictionError

if TYPE_CHECKING:
    from glacier.provider import Provider


@dataclass(frozen=True, slots=True)
class Claim:
    """What one resource says of a thing.

    Attributes:
        kind: What the thing is, such as `bucket`.
        name: Its name on the platform.
        owner: How errors call the resource.
        fields: What was set explicitly; a field that was left at its default says nothing.
        lists: Entries that are added to those of other resources, by field; none at all where the
            resource has no config.
    """

    kind: str
    name: str
    owner: str
    fields: Mapping[str, Any] = field(default_factory=dict)  # Any: a config's values
    lists: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all resources together say of a thing.

    Attributes:
        fields: What any of them set.
        lists: Their entries, in the order of the resources, each once.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def is_described(self) -> bool:
        """Whether a config speaks of the thing, if only to leave all at its defaults."""
        return bool(self.fields or self.lists)


def settled(claims: Iterable[Claim]) -> Settings:
    """Return what claims on one thing say together.

    Raises:
        ContradictionError: Two of them set a field differently; it names both resources.
    """
    fields: dict[str, Any] = {}
    setters: dict[str, Claim] = {}
    lists: dict[str, tuple[Any, ...]] = {}
    for claim in claims:
        for name, value in claim.fields.items():
            if name in setters and fields[name] != value:
                raise _contradiction(setters[name], claim, name, fields[name], value)
            fields.setdefault(name, value)
            setters.setdefault(name, claim)
        for name, entries in claim.lists.items():
            known = lists.get(name, ())
            lists[name] = known + tuple(one for one in entries if one not in known)
    return Settings(fields, lists)


def claims_on(provider: "Provider", kind: str, name: str) -> list[Claim]:
    """Return what all resources that a provider has made say of a thing, in order."""
    return [one for one in all_claims(provider) if (one.kind, one.name) == (kind, name)]


def all_claims(provider: "Provider") -> Iterator[Claim]:
    """Yield what all resources that a provider has made say of anything, in order."""
    for resource in provider.get_resources():
        yield from provider.get_adapter(resource).claims()


def _contradiction(
    first: Claim, second: Claim, name: str, value: object, other: object
) -> ContradictionError:
    return ContradictionError(
        f"{first.owner} sets {name}={value!r} and {second.owner} sets {name}={other!r}, and both "
        f"are of the one {first.kind} {first.name!r}. Set it in one of them, or to the same value.",
        owners=(first.owner, second.owner),
        field=name,
    )
