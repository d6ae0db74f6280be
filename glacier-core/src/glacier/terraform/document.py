"""A Terraform configuration: blocks of all resources, as one text and the files beside it."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from filecmp import cmp
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from glacier.errors import GlacierError, PathError, TerraformError
from glacier.known_secrets import KnownSecret, known_secrets
from glacier.terraform.blocks import Block, Ref, TerraformProvider
from glacier.terraform.labels import digest, labels_for
from glacier.terraform.values import rendered, texts_in, unescaped
from glacier.whole_files import why, write_whole

FILE_NAME = "main.tf.json"
_MADE_BY = "Made by Glacier from the configs of a provider; make it again rather than edit it."

Tree = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Document:
    """One Terraform configuration; `str()` of it is the text of its file.

    Attributes:
        tree: What the file holds, as JSON.
        notes: What whoever applies it should know, such as why a role may do more than it has to.
        blocks: What it is made of.
    """

    tree: Tree
    notes: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = field(default=(), repr=False)

    def write(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Write the document, and whatever has to lie beside it.

        Args:
            directory: Where to; made where it is missing. Files of other names stay.

        Returns:
            The files that were written, `main.tf.json` first.

        Raises:
            TerraformError: Two resources put another file at one place, such as two functions of
                one name.
            PathError: The directory can't be written to.
        """
        root = Path(directory)
        try:
            return self._write_below(root)
        except GlacierError:  # of a file's content; some are errors of the system too
            raise
        except OSError as error:
            raise PathError(
                f"The Terraform configuration can't be written to {str(root)!r}: "
                f"{why(error, root / FILE_NAME)}. Name a directory that can be written to.",
                path=str(root),
            ) from error

    def _write_below(self, root: Path) -> list[Path]:
        owners: dict[str, list[Block]] = {}
        for block in self.blocks:
            for name in block.files:
                owners.setdefault(name, []).append(block)
        for name, (first, *others) in sorted(owners.items()):
            write_whole(root / name, first.files[name])
            for other in others:
                _check_same(root / name, name, first, other)
        write_whole(root / FILE_NAME, self._write_text)
        return [root / FILE_NAME, *(root / name for name in sorted(owners))]

    def _write_text(self, path: Path) -> None:
        path.write_text(str(self), encoding="utf-8")

    def __str__(self) -> str:
        return json.dumps(self.tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _check_same(target: Path, name: str, first: Block, other: Block) -> None:
    """Refuse a block whose file of a name is another than the one that was written."""
    with TemporaryDirectory() as directory:
        draft = Path(directory) / target.name
        other.files[name](draft)
        is_same = cmp(target, draft, shallow=False)
    if not is_same:
        raise TerraformError(
            f"{first.owner} and {other.owner} both describe the file {name}, and differently. "
            "Give one of them another name, or both the same handler and settings.",
            owners=(first.owner, other.owner),
            address=name,
        )


def document_of(blocks: Iterable[Block], notes: Iterable[str] = ()) -> Document:
    """Return the document of some blocks.

    Args:
        blocks: Those of all resources; equal ones become one.
        notes: What whoever applies it should know.

    Raises:
        TerraformError: Two blocks of one name differ, one refers to a block that isn't there, or
            a value is a secret or of a type that JSON has not.
    """
    return _Assembly(tuple(blocks)).document(tuple(dict.fromkeys(notes)))


class _Assembly:
    """Makes one document of blocks."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self._blocks = blocks
        self._aliases = _aliases_of(block.provider for block in blocks)
        self._shared = _shared_by_providers(blocks)
        self._labels = {kind: labels_for(keys) for kind, keys in self._keys_by_kind().items()}
        self._outputs = _output_names(blocks)
        self._names = labels_for(self._outputs.values())
        self._owners: dict[str, Block] = {}
        self._tree: Tree = {}

    def document(self, notes: tuple[str, ...]) -> Document:
        """Return the document."""
        for block in self._blocks:
            self._add(block)
        for block in self._blocks:
            self._add_outputs(block)
        self._add_providers()
        self._tree["//"] = [_MADE_BY, *notes]
        self._check_secrets()
        return Document(self._tree, notes, self._blocks)

    def _add(self, block: Block) -> None:
        key = self._key(block.mode, block.type, block.key, block.provider)
        address = self._address(block.mode, block.type, key)
        body = self._body(block, address)
        known = self._owners.setdefault(address, block)
        places = self._tree.setdefault(block.mode, {}).setdefault(block.type, {})
        label = self._labels[block.mode, block.type][key]
        found = places.setdefault(label, body)
        if found != body:
            raise _difference(address, known, block, found, body)

    def _body(self, block: Block, address: str) -> Tree:
        where = f"{address} of {block.owner}"

        def resolve(ref: Ref) -> str:
            return self._resolved(ref, where, block.provider)

        plain = {name: value for name, value in block.body.items() if name != "depends_on"}
        body: Tree = rendered(plain, resolve, where)
        if needed := block.body.get("depends_on"):
            # The one argument whose references stand there by themselves.
            body["depends_on"] = [resolve(ref) for ref in needed]
        if alias := self._aliases[_identity(block.provider)]:
            body["provider"] = f"{block.provider.local_name}.{alias}"
        if block.comment:
            body["//"] = block.comment
        return body

    def _add_outputs(self, block: Block) -> None:
        for name, attribute in block.outputs.items():
            ref = Ref(block.type, block.key, attribute, block.mode)
            value = f"${{{self._resolved(ref, block.owner, block.provider)}}}"
            outputs = self._tree.setdefault("output", {})
            label = self._names[self._outputs[block.provider.local_name, name]]
            if outputs.setdefault(label, {"value": value})["value"] != value:
                raise TerraformError(
                    f"Two outputs are called {name!r}; one of them is of {block.owner}. Give what "
                    "has them names of their own, or write a document for each provider.",
                    name=name,
                )

    def _add_providers(self) -> None:
        required: Tree = {}
        configured: dict[str, list[Tree]] = {}
        for block in self._blocks:
            provider = block.provider
            name = provider.local_name
            wanted = {"source": provider.source, "version": provider.version}
            wanted = {field: value for field, value in wanted.items() if value}
            if required.setdefault(name, wanted) != wanted:
                raise TerraformError(
                    f"{block.owner} needs the Terraform provider {wanted} and others need "
                    f"{required[name]}, and both are called {name!r}.",
                    owner=block.owner,
                )
            body = self._provider_body(provider)
            if body and body not in configured.setdefault(name, []):
                configured[name].append(body)
        if required:
            self._tree["terraform"] = {"required_providers": required}
        bodies = {
            name: found[0] if len(found) == 1 else found
            for name, found in configured.items()
            if found
        }
        if bodies:
            self._tree["provider"] = bodies

    def _provider_body(self, provider: TerraformProvider) -> Tree:
        where = f"provider.{provider.local_name}"

        def resolve(ref: Ref) -> str:
            return self._resolved(ref, where, provider)

        body: Tree = rendered(provider.body, resolve, where)
        alias = self._aliases[_identity(provider)]
        return {**body, "alias": alias} if alias else body

    def _resolved(self, ref: Ref, where: str, provider: TerraformProvider) -> str:
        labels = self._labels.get((ref.mode, ref.type), {})
        own = self._key(ref.mode, ref.type, ref.key, provider)
        key = own if own in labels else ref.key
        if key not in labels:
            known = ", ".join(sorted(labels)) or "none"
            raise TerraformError(
                f"{where} refers to the {ref.type} {ref.key!r}, and no block of the document is "
                f"that; it has: {known}.",
                ref=ref,
            )
        address = self._address(ref.mode, ref.type, key)
        return f"{address}.{ref.attribute}" if ref.attribute else address

    def _keys_by_kind(self) -> Mapping[tuple[str, str], set[str]]:
        keys: dict[tuple[str, str], set[str]] = {}
        for block in self._blocks:
            key = self._key(block.mode, block.type, block.key, block.provider)
            keys.setdefault((block.mode, block.type), set()).add(key)
        return keys

    def _key(self, mode: str, kind: str, key: str, provider: TerraformProvider) -> str:
        """Return what tells a block from others of its type.

        What several configurations of a provider have under one key are several things, such as
        the roles that Lambda takes on in two regions: all but the first get the alias too.
        """
        alias = self._aliases[_identity(provider)]
        return f"{key} {alias}" if alias and (mode, kind, key) in self._shared else key

    def _address(self, mode: str, kind: str, key: str) -> str:
        prefix = "data." if mode == "data" else ""
        return f"{prefix}{kind}.{self._labels[mode, kind][key]}"

    def _check_secrets(self) -> None:
        secrets = known_secrets()
        for where, text in texts_in(self._tree):
            for secret in secrets:
                if _holds(text, secret) or _holds(unescaped(text), secret):
                    raise TerraformError(
                        f"The Terraform document would hold the secret {secret.owner}, in "
                        f"{where.removeprefix('resource.')}; nothing was written. Take the value "
                        "out: let Terraform's provider find it where it looks for credentials, or "
                        "read it from a secret store where the code runs.",
                        secret=secret.owner,
                        place=where,
                    )


def _holds(text: str, secret: KnownSecret) -> bool:
    return any(form in text.encode(errors="surrogatepass") for form in secret.forms)


def _output_names(blocks: Iterable[Block]) -> dict[tuple[str, str], str]:
    """Return what outputs are called: with their provider's name in front where several share one.

    The keys are the local name of the provider, and the name that the block gives.
    """
    sharers: dict[str, list[str]] = {}
    for block in blocks:
        for name in block.outputs:
            known = sharers.setdefault(name, [])
            if block.provider.local_name not in known:
                known.append(block.provider.local_name)
    return {
        (platform, name): name if len(known) == 1 else f"{platform}_{name}"
        for name, known in sharers.items()
        for platform in known
    }


def _shared_by_providers(blocks: Iterable[Block]) -> set[tuple[str, str, str]]:
    """Return the modes, types and keys of which several configurations of providers have one."""
    owners: dict[tuple[str, str, str], set[str]] = {}
    for block in blocks:
        key = (block.mode, block.type, block.key)
        owners.setdefault(key, set()).add(_identity(block.provider))
    return {key for key, identities in owners.items() if len(identities) > 1}


def _identity(provider: TerraformProvider) -> str:
    return f"{provider.source} {json.dumps(provider.body, sort_keys=True, default=repr)}"


def _aliases_of(providers: Iterable[TerraformProvider]) -> dict[str, str]:
    """Return the alias of every configuration of a provider; empty for the first of each."""
    aliases: dict[str, str] = {}
    seen: set[str] = set()
    for provider in providers:
        name, identity = provider.local_name, _identity(provider)
        if identity not in aliases:
            aliases[identity] = f"{name}_{digest(identity)}" if name in seen else ""
            seen.add(name)
    return aliases


def _difference(address: str, known: Block, block: Block, one: Tree, other: Tree) -> TerraformError:
    fields = sorted(n for n in {*one, *other} if one.get(n) != other.get(n))
    return TerraformError(
        f"{known.owner} and {block.owner} both describe {address}, and differently: "
        f"{', '.join(fields)}. Give one of them another name, or both the same settings.",
        owners=(known.owner, block.owner),
        address=address,
        fields=tuple(fields),
    )
