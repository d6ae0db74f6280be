"""What V2's providers had by another name: `bucket_source`, and what V3's config says of them."""

from collections.abc import Iterator

import libcst as cst
from libcst.helpers import get_full_name_for_node

from glacier.migrate.arguments import Arguments
from glacier.migrate.changes import Change, Edit, UndecidedError
from glacier.migrate.receivers import Receivers
from glacier.migrate.resource_calls import renamed
from glacier.migrate.source import Source
from glacier.migrate.v2 import FIELDS

_SAME_BY_POSITION = 3  # V2 had bucket, path and format first, as V3 has them


class ProviderMembers:
    """Where a module asks a provider for what V3 has elsewhere.

    Args:
        source: The module.
        receivers: Its names that hold a provider.
    """

    def __init__(self, source: Source, receivers: Receivers) -> None:
        self._source = source
        self._receivers = receivers
        self._is_about_glacier = "glacier" in source.text
        functions = source.nodes(cst.FunctionDef)
        self._has_its_own = any(one.name.value == "bucket_source" for one in functions)

    def places(self) -> Iterator[cst.Attribute]:
        """Yield the places that are of Glacier, or may well be."""
        for one in self._source.nodes(cst.Attribute):
            is_field = one.attr.value in FIELDS
            if not is_field and one.attr.value != "bucket_source":
                continue
            if not self._is_about_glacier:
                is_place = not is_field and self._receivers.is_likely(one.value)
            else:
                is_place = not is_field or self._receivers.is_possible(one.value)
            if is_place:
                yield one

    def change(self, attribute: cst.Attribute) -> Change:
        """Return how a place becomes V3.

        Raises:
            UndecidedError: It may be no provider, or V3 does not do what is asked of it.
        """
        is_bucket_source = attribute.attr.value not in FIELDS
        return self._called(attribute) if is_bucket_source else self._asked(attribute)

    def _asked(self, attribute: cst.Attribute) -> Change:
        said = f"config.{FIELDS[attribute.attr.value]}"
        is_store = attribute in self._source.stores
        if not self._receivers.is_provider(attribute.value):
            raise _unknown(attribute.value, "make another" if is_store else f"write {said}")
        if is_store:
            raise UndecidedError(
                "It belongs to the provider's config in V3, which does not change. Make another "
                "provider, with the config that is wanted"
            )
        return Change((Edit(*self._source.span(attribute.attr), said),))

    def _called(self, attribute: cst.Attribute) -> Change:
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
        if self._has_its_own or not self._receivers.is_likely(receiver):
            raise _unknown(receiver, "write bucket")


def _unknown(receiver: cst.BaseExpression, instead: str) -> UndecidedError:
    name = get_full_name_for_node(receiver) or "what it is said of"
    return UndecidedError(
        f"Whether {name} is a provider of Glacier is not known. If it is one, {instead}"
    )
