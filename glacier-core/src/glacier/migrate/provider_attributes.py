"""What V2's providers said of themselves is in the config of V3's: `provider.config.region`."""

from collections.abc import Iterator

import libcst as cst

from glacier.migrate.changes import Change, UndecidedError
from glacier.migrate.findings import Edit
from glacier.migrate.receivers import Receivers
from glacier.migrate.source import Source
from glacier.migrate.v2 import PLATFORMS, RENAMED_FIELDS

FIELDS = {name: name for one in PLATFORMS for name in one.parameters} | RENAMED_FIELDS
"""What V2's providers said of themselves, by the names of V3's fields."""


class ProviderAttributes:
    """Where a module asks a provider for what its config says in V3.

    Args:
        source: The module.
        receivers: Its names that hold a provider.
    """

    def __init__(self, source: Source, receivers: Receivers) -> None:
        self._source = source
        self._receivers = receivers

    def places(self) -> Iterator[cst.Attribute]:
        """Yield the places, of those that hold a provider for certain."""
        if not self._receivers.has_any:
            return
        found = _Attributes()
        self._source.module.visit(found)
        yield from (one for one in found.attributes if self._receivers.is_provider(one.value))

    def change(self, attribute: cst.Attribute) -> Change:
        """Return how a place becomes V3.

        Raises:
            UndecidedError: It is no question: V3's configs don't change.
        """
        parent = self._source.parent(attribute)
        if isinstance(parent, cst.AssignTarget | cst.AnnAssign | cst.AugAssign | cst.Del):
            raise UndecidedError(
                "It belongs to the provider's config in V3, which does not change. Make another "
                "provider, with the config that is wanted"
            )
        name = FIELDS[attribute.attr.value]
        return Change((Edit(*self._source.span(attribute.attr), f"config.{name}"),))


class _Attributes(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[cst.Attribute] = []

    def visit_Attribute(self, node: cst.Attribute) -> None:  # noqa: N802 - libcst's names
        if node.attr.value in FIELDS:
            self.attributes.append(node)
