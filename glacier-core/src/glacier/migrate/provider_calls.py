"""V2's providers become `Provider(config=...)`."""

import re
from dataclasses import dataclass, field

import libcst as cst

import glacier.config
from glacier.config import ProviderConfig
from glacier.errors import MissingPackageError
from glacier.migrate.arguments import Arguments
from glacier.migrate.changes import Change, Edit, UndecidedError
from glacier.migrate.names import Use, dotted_name, qualified
from glacier.migrate.source import Source
from glacier.migrate.v2 import PROVIDER, RENAMED_FIELDS, Platform

_LINE_OF_LAST = re.compile(r"(?P<line>,?[ \t]*(?:\r\n?|\n))[ \t]*\)")


@dataclass(slots=True)
class _Sorted:
    """The arguments of a V2 provider by where they belong in V3."""

    fields: list[tuple[cst.Arg, str]] = field(default_factory=list)
    tags: cst.Arg | None = None
    config: cst.Arg | None = None


def provider_call(source: Source, use: Use, call: cst.Call, platform: Platform) -> Change:
    """Return how the call of a V2 provider class becomes V3.

    Raises:
        UndecidedError: An argument has no certain place in V3.
    """
    arguments = Arguments(source, call)
    given = _sorted(arguments, platform)
    if given.config is not None:
        return _with_config(source, use, given, given.config)
    _check_fields(platform, [name for _, name in given.fields])
    edits = [
        *_wrapped(source, use, call, arguments, given, platform),
        *(arguments.rename(arg, name) for arg, name in given.fields if _name(arg) != name),
    ]
    return Change(tuple(edits), (PROVIDER, f"glacier.config.{platform.config}"))


def from_env_call(source: Source, use: Use, call: cst.Call, platform: Platform) -> Change:
    """Return how `AWSProvider.from_env()` becomes V3.

    Raises:
        UndecidedError: It gets arguments, which V3's does not take.
    """
    if call.args:
        raise UndecidedError(
            f"V3's {platform.config}.from_env() takes no such argument. Write "
            f"Provider(config={platform.config}(...)) with all fields"
        )
    if use.node.lpar or (isinstance(call.func, cst.Attribute) and call.func.lpar):
        raise UndecidedError("The called name stands in parentheses. Take them away")
    end = source.span(call)[1]
    edits = (
        Edit(*source.span(use.node), f"Provider(config={platform.config}"),
        Edit(end, end, ")"),
    )
    return Change(edits, (PROVIDER, f"glacier.config.{platform.config}"))


def _sorted(arguments: Arguments, platform: Platform) -> _Sorted:
    found = _Sorted()
    if len(arguments.positional) > len(platform.parameters):
        raise UndecidedError(
            f"What its positional argument number {len(platform.parameters) + 1} means is not "
            f"known. Give it the name of a field of {platform.config}"
        )
    found.fields += zip(arguments.positional, platform.parameters, strict=False)
    for name, arg in arguments.named.items():
        if name == "tags":
            found.tags = arg
        elif name == "config":
            found.config = arg
        else:
            found.fields.append((arg, RENAMED_FIELDS.get(name, name)))
    return found


def _with_config(source: Source, use: Use, given: _Sorted, config: cst.Arg) -> Change:
    """Return the change of a provider that already gets one of V3's configs."""
    called = config.value.func if isinstance(config.value, cst.Call) else config.value
    names = qualified(use.scope, dotted_name(called))
    if given.fields or not names or not all(n.startswith("glacier.config.") for n in names):
        raise UndecidedError(
            "Whether what is passed as config= is one of V3's configs, and all there is to say, is "
            "not known. Write Provider(config=...) with one of glacier.config"
        )
    return Change((Edit(*source.span(use.node), "Provider"),), (PROVIDER,))


def _check_fields(platform: Platform, given: list[str]) -> None:
    """Refuse what V3's config does not take.

    Raises:
        UndecidedError: A field is unknown, given twice or missing, or the config's package is.
    """
    fields = config_class(platform).model_fields
    for name in given:
        if name not in fields:
            raise UndecidedError(
                f"{platform.config} has no field {name!r}; it has {', '.join(fields)}. Say there "
                "what it said, or leave it out"
            )
        if given.count(name) > 1:
            raise UndecidedError(f"It says {name!r} twice. Leave one out")
    missing = [n for n, one in fields.items() if one.is_required() and n not in given]
    if missing:
        raise UndecidedError(
            f"{platform.config} needs {', '.join(missing)}, which is not given. Pass it, or write "
            f"Provider(config={platform.config}.from_env())"
        )


def config_class(platform: Platform) -> type[ProviderConfig]:
    """Return V3's config for a platform.

    Raises:
        UndecidedError: Its package isn't installed.
    """
    try:
        found: type[ProviderConfig] = getattr(glacier.config, platform.config)
    except MissingPackageError as error:
        raise UndecidedError(f"{str(error).rstrip('.')}, and migrate again") from error
    return found


def _wrapped(
    source: Source,
    use: Use,
    call: cst.Call,
    arguments: Arguments,
    given: _Sorted,
    platform: Platform,
) -> list[Edit]:
    """Return the edits that put the config's fields into a config, and leave tags outside."""
    start, _ = source.span(use.node)
    end = source.span(call)[1]
    opened, tags = f"config={platform.config}(", given.tags
    everything = Edit(start, arguments.opening, f"Provider({opened}")
    if tags is None:
        return [everything, Edit(end, end, ")")]
    tags_start, _ = source.span(tags)
    if not given.fields:
        return [
            Edit(start, arguments.opening, "Provider("),
            Edit(tags_start, tags_start, f"{opened}), "),
        ]
    spans = sorted(source.span(arg) for arg, _ in given.fields)
    first, last = spans[0][0], spans[-1][1]
    if tags_start < first:
        opening = Edit(start, arguments.opening, "Provider(")
        return [opening, Edit(first, first, opened), Edit(last, last, ")")]
    if tags_start > last:
        line = _own_line(source, tags)
        if line is not None:
            return [everything, line, Edit(end, end, f", {source.text_of(tags)})")]
        return [everything, Edit(last, last, ")")]
    moved = f"), {source.text_of(tags)}"
    return [everything, *arguments.remove(tags), Edit(last, last, moved)]


def _own_line(source: Source, tags: cst.Arg) -> Edit | None:
    """Return the edit that takes out the last argument's line; None where it has not just one."""
    start, end = source.span(tags)
    before = source.text[:start].rstrip(" \t")
    if before.rstrip().rpartition("\n")[2].lstrip().startswith("#"):  # it is about this argument
        return None
    rest = _LINE_OF_LAST.match(source.text, end)
    is_one_line = source.text[start:end].isprintable()
    if rest is None or not is_one_line or not before.endswith(("\n", "\r")):
        return None
    return Edit(len(before), rest.end("line"), "")


def _name(arg: cst.Arg) -> str | None:
    return None if arg.keyword is None else arg.keyword.value
