"""Checks Terraform documents against what is known of their providers' schemas, without Terraform.

The facts lie in `terraform_facts`, a file for each provider, whose name and content state the
version. They hold, for each type, its attributes as `[flags, type]` (`r` required, `o` optional,
`c` computed; the type as Terraform encodes it) and its nested blocks. What they don't hold are
values that a provider refuses and arguments that exclude one another: `terraform validate` knows
those, where its provider is at hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from glacier.terraform.document import Document
from tests.rigs.terraform_references import references_in

FACTS = Path(__file__).with_name("terraform_facts")

Schema = Mapping[str, Any]  # Any: JSON
"""The attributes and the blocks of a type, of a nested block, or of a provider."""

_OF_EVERY_BLOCK = {"//", "count", "depends_on", "for_each", "lifecycle", "provider"}
_OF_EVERY_PROVIDER = {"//", "alias"}
_TOP = {"//", "data", "output", "provider", "resource", "terraform"}
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WHOLE_EXPRESSION = re.compile(r"\$\{[^{}]*\}")
_TYPED = {"string": (str, int, float), "number": (int, float), "bool": (bool,)}


def check_document(document: Document) -> dict[str, Any]:
    """Return a document's tree; fail with all that it has against its providers' schemas."""
    found = problems_of(document.tree)
    assert found == [], "\n".join(found)
    return document.tree


def problems_of(tree: Mapping[str, Any]) -> list[str]:
    """Return what a document has against the schemas of its providers, one text for each."""
    return list(_Check(tree).problems())


@cache
def facts() -> Mapping[str, Schema]:
    """Return what is known of each provider, by the name that documents give it."""
    loaded = [json.loads(path.read_text(encoding="utf-8")) for path in FACTS.glob("*.json")]
    return {one["local_name"]: one for one in loaded}


class _Check:
    """Goes through one document.

    Args:
        tree: The document.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self._blocks = dict(_blocks_of(tree))

    def problems(self) -> Iterator[str]:
        """Yield what is wrong, by its place."""
        for name in self._tree.keys() - _TOP:
            yield f"{name}: no such block at the top of a document"
        for (mode, kind, label), body in self._blocks.items():
            where = f"{'data.' if mode == 'data' else ''}{kind}.{label}"
            if not _LABEL.fullmatch(label):
                yield f"{where}: not a legal name"
            schema = _schema_of(mode, kind)
            if schema is None:
                yield f"{where}: no such type is known"
                continue
            yield from _body(body, schema, where, _OF_EVERY_BLOCK, is_root=True)
            yield from _dependencies(body, where)
            yield from self._provider_of(body, kind, where)
        yield from self._providers()
        yield from self._references()

    def _providers(self) -> Iterator[str]:
        required = self._tree.get("terraform", {}).get("required_providers", {})
        for name, wanted in required.items():
            known = facts().get(name)
            if known is None or known["provider"] != wanted.get("source"):
                yield f"terraform.required_providers.{name}: {wanted.get('source')} is not known"
        used = {kind.partition("_")[0] for _, kind, _ in self._blocks}
        for name in used - required.keys():
            yield f"terraform.required_providers.{name}: missing"
        for name, bodies in self._tree.get("provider", {}).items():
            if name not in required:
                yield f"provider.{name}: no block asks for it"
            for body in _listed(bodies):
                if name in facts():
                    schema = facts()[name]["provider_config"]
                    yield from _body(body, schema, f"provider.{name}", _OF_EVERY_PROVIDER)

    def _provider_of(self, body: Mapping[str, Any], kind: str, where: str) -> Iterator[str]:
        name = kind.partition("_")[0]
        configured = _listed(self._tree.get("provider", {}).get(name, []))
        aliases = [f"{name}.{one['alias']}" for one in configured if "alias" in one]
        wanted = body.get("provider")
        if wanted is not None and wanted not in aliases:
            yield f"{where}.provider: no provider is called {wanted}"

    def _references(self) -> Iterator[str]:
        for where, text in references_in(self._tree):
            mode, kind, label, path = text
            if (mode, kind, label) not in self._blocks:
                yield f"{where}: nothing is called {kind}.{label}"
                continue
            schema = _schema_of(mode, kind)
            if schema is not None and not _has(schema, path):
                yield f"{where}: {kind} has no {'.'.join(path)}"


def _blocks_of(
    tree: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    for mode in ("resource", "data"):
        for kind, labels in tree.get(mode, {}).items():
            for label, body in labels.items():
                yield (mode, kind, label), body


def _schema_of(mode: str, kind: str) -> Schema | None:
    known = facts().get(kind.partition("_")[0], {})
    found: Schema | None = known.get("data_sources" if mode == "data" else "resources", {}).get(
        kind
    )
    return found


def _has(schema: Schema, path: tuple[str, ...]) -> bool:
    """Return whether a type has an attribute; what lies within attributes is not looked at."""
    for name in path:
        if name in schema["attributes"]:
            return True
        if name not in schema["blocks"]:
            return False
        schema = schema["blocks"][name]
    return True


def _dependencies(body: Mapping[str, Any], where: str) -> Iterator[str]:
    given = body.get("depends_on", [])
    addresses = given if isinstance(given, list) else [None]
    if not all(isinstance(one, str) and "${" not in one for one in addresses):
        yield f"{where}.depends_on: expected a list of addresses without ${{}}, got {given!r}"


def _body(
    body: Any,  # Any: JSON
    schema: Schema,
    where: str,
    also: set[str],
    *,
    is_root: bool = False,
) -> Iterator[str]:
    """Yield what is wrong with a body; `also` are arguments that are no provider's."""
    if not isinstance(body, Mapping):
        yield f"{where}: expected a block, got {_kind(body)}"
        return
    attributes, blocks = schema["attributes"], schema["blocks"]
    for name, value in body.items():
        if name in attributes:
            flags, wanted = attributes[name]
            if flags == "c" or (is_root and name == "id"):
                yield f"{where}.{name}: only the provider may set it"
            else:
                yield from _value(value, wanted, f"{where}.{name}")
        elif name not in blocks and name not in also:
            yield f"{where}.{name}: no such argument"
    for name, (flags, _) in attributes.items():
        if "r" in flags and body.get(name) is None:
            yield f"{where}.{name}: required, and missing"
    for name, block in blocks.items():
        yield from _nested(body.get(name), block, f"{where}.{name}")


def _nested(value: Any, block: Schema, where: str) -> Iterator[str]:  # Any: JSON
    """Yield what is wrong with the nested blocks of one name."""
    if block["nesting"] == "map":
        bodies = list((value or {}).values()) if isinstance(value or {}, Mapping) else [value]
    else:
        bodies = [] if value is None else _listed(value)
    for body in bodies:
        yield from _body(body, block, where, set())
    least = block.get("min_items", 0)
    most = 1 if block["nesting"] == "single" else block.get("max_items")
    if len(bodies) < least:
        yield f"{where}: expected {least} or more, got {len(bodies)}"
    if most is not None and len(bodies) > most:
        yield f"{where}: expected {most} at most, got {len(bodies)}"


def _value(value: Any, wanted: Any, where: str) -> Iterator[str]:  # Any: JSON, both
    """Yield what is wrong with a value for a type; an expression may stand for any."""
    if value is None or wanted == "dynamic" or _is_expression(value):
        return
    if isinstance(wanted, str):
        if not _fits(value, wanted):
            yield f"{where}: expected a {wanted}, got {_kind(value)} {value!r}"
        return
    kind, inner = wanted
    if kind == "object":
        yield from _object(value, inner, where)
    elif kind == "map":
        if isinstance(value, Mapping):
            for name, item in value.items():
                yield from _value(item, inner, f"{where}.{name}")
        else:
            yield f"{where}: expected a map, got {_kind(value)}"
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _value(item, inner, f"{where}[{at}]")
    else:
        yield f"{where}: expected a {kind}, got {_kind(value)}"


def _object(value: Any, wanted: Mapping[str, Any], where: str) -> Iterator[str]:  # Any: JSON
    if not isinstance(value, Mapping):
        yield f"{where}: expected an object, got {_kind(value)}"
        return
    for name in value.keys() ^ wanted.keys():
        yield f"{where}.{name}: {'missing' if name in wanted else 'no such attribute'}"
    for name in value.keys() & wanted.keys():
        yield from _value(value[name], wanted[name], f"{where}.{name}")


def _fits(value: Any, wanted: str) -> bool:  # Any: JSON
    # Terraform would convert texts that read as numbers or truths; documents need none of that.
    if isinstance(value, bool):
        return wanted in {"bool", "string"}
    return isinstance(value, _TYPED[wanted])


def _is_expression(value: Any) -> bool:  # Any: JSON
    return isinstance(value, str) and _WHOLE_EXPRESSION.fullmatch(value) is not None


def _listed(value: Any) -> list[Any]:  # Any: JSON
    return value if isinstance(value, list) else [value]


def _kind(value: object) -> str:
    return type(value).__name__
