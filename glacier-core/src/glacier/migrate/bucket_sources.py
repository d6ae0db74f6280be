"""V2's `provider.bucket_source(...)` becomes `provider.bucket(...)`."""

from collections.abc import Iterator

import libcst as cst
from libcst.helpers import get_full_name_for_node

from glacier.migrate.arguments import Arguments
from glacier.migrate.changes import Change, UndecidedError
from glacier.migrate.findings import Edit
from glacier.migrate.receivers import Receivers
from glacier.migrate.resource_calls import renamed
from glacier.migrate.source import Source

_SAME_BY_POSITION = 3  # V2 had bucket, path and format first, as V3 has them


class BucketSources:
    """Where a module says `bucket_source`.

    Args:
        source: The module.
        receivers: Its names that hold a provider.
    """

    def __init__(self, source: Source, receivers: Receivers) -> None:
        self._source = source
        self._receivers = receivers
        self._found = _Mentions()
        if "bucket_source" in source.text:
            source.module.visit(self._found)
        self._is_about_glacier = "glacier" in source.text

    def places(self) -> Iterator[cst.Attribute]:
        """Yield the places that may be of Glacier, with what they are said of."""
        for attribute in self._found.attributes:
            if self._is_about_glacier or self._receivers.is_likely(attribute.value):
                yield attribute

    def change(self, attribute: cst.Attribute) -> Change:
        """Return how a place becomes V3.

        Raises:
            UndecidedError: It may be no provider, or `bucket(...)` does not take what it is given.
        """
        if not self._receivers.is_provider(attribute.value):
            self._check_likely(attribute.value)
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

    def _check_likely(self, receiver: cst.BaseExpression) -> None:
        if not self._is_about_glacier:
            raise UndecidedError(
                "Nothing in this module says that it is Glacier's. If it is, write bucket"
            )
        if self._found.has_its_own or not self._receivers.is_likely(receiver):
            name = get_full_name_for_node(receiver) or "what it is called on"
            raise UndecidedError(
                f"Whether {name} is a provider is not known. If it is one, write bucket"
            )


class _Mentions(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.has_its_own = False
        self.attributes: list[cst.Attribute] = []

    def visit_Attribute(self, node: cst.Attribute) -> None:  # noqa: N802 - libcst's names
        if node.attr.value == "bucket_source":
            self.attributes.append(node)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        self.has_its_own = self.has_its_own or node.name.value == "bucket_source"
