"""V2's `provider.bucket_source(...)` becomes `provider.bucket(...)`."""

import libcst as cst
from libcst.helpers import get_full_name_for_node

from glacier.migrate.arguments import Arguments
from glacier.migrate.changes import Change, UndecidedError
from glacier.migrate.findings import Edit
from glacier.migrate.receivers import Receivers
from glacier.migrate.resource_calls import renamed
from glacier.migrate.source import Source

_SAME_BY_POSITION = 3  # V2 had bucket, path and format first, as V3 has them


class BucketSources(cst.CSTVisitor):
    """Where a module says `bucket_source`.

    Args:
        source: The module.

    Attributes:
        attributes: The places, with what they are said of.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._has_its_own = False
        self.attributes: list[cst.Attribute] = []

    def visit_Attribute(self, node: cst.Attribute) -> None:  # noqa: N802 - libcst's names
        if node.attr.value == "bucket_source":
            self.attributes.append(node)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        self._has_its_own = self._has_its_own or node.name.value == "bucket_source"

    def change(self, receivers: Receivers, attribute: cst.Attribute) -> Change:
        """Return how a place becomes V3.

        Raises:
            UndecidedError: It may be no provider, or `bucket(...)` does not take what it is given.
        """
        if not receivers.is_provider(attribute.value):
            self._check_likely(receivers, attribute.value)
        call = self._source.parent(attribute)
        if not isinstance(call, cst.Call) or call.func is not attribute:
            raise UndecidedError(
                "V3 has bucket in its place, but it is not called here, so that its arguments are "
                "not known. Write bucket, and compare them"
            )
        arguments = Arguments(self._source, call)
        if len(arguments.positional) > _SAME_BY_POSITION:
            raise UndecidedError(
                "V3's bucket(...) has another parameter in the place of its positional argument "
                f"number {_SAME_BY_POSITION + 1}. Give it its name"
            )
        edits = renamed(arguments, "bucket", None)
        return Change((Edit(*self._source.span(attribute.attr), "bucket"), *edits))

    def _check_likely(self, receivers: Receivers, receiver: cst.BaseExpression) -> None:
        if "glacier" not in self._source.text:
            raise UndecidedError(
                "Nothing in this module says that it is Glacier's. If it is, write bucket"
            )
        if self._has_its_own or not receivers.is_likely(receiver):
            name = get_full_name_for_node(receiver) or "what it is called on"
            raise UndecidedError(
                f"Whether {name} is a provider is not known. If it is one, write bucket"
            )


def bucket_sources(source: Source) -> BucketSources:
    """Return where a module says `bucket_source`."""
    found = BucketSources(source)
    source.module.visit(found)
    return found
