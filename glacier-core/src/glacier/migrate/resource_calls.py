"""V2's buckets become `provider.bucket(...)`, and resources come from their provider."""

from dataclasses import dataclass
from inspect import signature

import libcst as cst

import glacier.config
from glacier.errors import MissingPackageError
from glacier.migrate.arguments import Arguments
from glacier.migrate.changes import Change, Edit, UndecidedError
from glacier.migrate.names import Use, dotted_name
from glacier.migrate.provider_bindings import HeldProvider
from glacier.migrate.provider_calls import config_class
from glacier.migrate.receivers import Receivers
from glacier.migrate.source import Source
from glacier.migrate.v2 import FACTORY_KINDS, RESOURCES, Platform
from glacier.provider import Provider

_RENAMED = {"bucket": "bucket_name", "container": "bucket_name"}


@dataclass(frozen=True, slots=True)
class _Owner:
    """The provider that a resource is to come from, and the arguments that named it."""

    name: str
    held: HeldProvider
    gone: tuple[cst.Arg, ...] = ()


def bucket_class_call(source: Source, receivers: Receivers, use: Use, call: cst.Call) -> Change:
    """Return how `S3Bucket(...)`, or a bucket class of another platform, becomes V3.

    Raises:
        UndecidedError: An argument has no certain place in V3, or the provider isn't known.
    """
    assert use.old is not None
    arguments = Arguments(source, call)
    if len(arguments.positional) > 1:
        raise UndecidedError(
            "What its second positional argument means is not known. Give it its name"
        )
    edits = renamed(arguments, "bucket", use.old.platform, besides=("provider",))
    owner = _owner(source, receivers, call, arguments)
    _check_platform(use.old.platform, owner)
    return _made_by(source, use, owner, "bucket", arguments, edits)


def factory_call(source: Source, receivers: Receivers, use: Use, call: cst.Call) -> Change:
    """Return how `create_bucket("s3", ...)` becomes V3.

    Raises:
        UndecidedError: As for `bucket_class_call`; or the kind is no literal that is known.
    """
    arguments = Arguments(source, call)
    kind = arguments.positional[0] if arguments.positional else None
    text = kind.value.raw_value if kind and isinstance(kind.value, cst.SimpleString) else ""
    if kind is None or text not in FACTORY_KINDS or len(arguments.positional) > 1:
        raise UndecidedError(
            "Which platform this is for is not known. Write provider.bucket(...) on a provider of "
            "that platform"
        )
    platform = FACTORY_KINDS[text]
    edits = renamed(arguments, "bucket", platform, besides=("provider", "region"))
    owner = _owner(source, receivers, call, arguments)
    _check_platform(platform, owner)
    gone = [kind, *_region(source, arguments, owner)]
    return _made_by(source, use, owner, "bucket", arguments, edits, *gone)


def direct_call(
    source: Source, receivers: Receivers, use: Use, call: cst.Call, name: str
) -> Change | None:
    """Return how a resource that is made directly comes from its provider; None where it may stay.

    Raises:
        UndecidedError: It has no provider, and none is known.
    """
    method = RESOURCES[name]
    parameters = list(signature(getattr(Provider, method)).parameters)[1:]
    gets_provider = any(
        arg.keyword is not None and arg.keyword.value == "provider" for arg in call.args
    )
    arguments = Arguments(source, call)
    if gets_provider or len(arguments.positional) > parameters.index("config"):
        return None
    edits = renamed(arguments, method, None)
    owner = _owner(source, receivers, call, arguments)
    return _made_by(source, use, owner, method, arguments, edits)


def renamed(
    arguments: Arguments, method: str, platform: Platform | None, besides: tuple[str, ...] = ()
) -> list[Edit]:
    """Return the edits that give arguments the names that V3's method has for them.

    Raises:
        UndecidedError: The method has no such parameter, or it would get one twice.
    """
    parameters = list(signature(getattr(Provider, method)).parameters)[1:]
    edits, said = [], set()
    for name, arg in arguments.named.items():
        new = _RENAMED.get(name, name) if method == "bucket" else name
        if new in said:
            raise UndecidedError(f"V3's {method}(...) would get {new!r} twice. Leave one out")
        said.add(new)
        if new != name:
            edits.append(arguments.rename(arg, new))
        elif name not in parameters and name not in besides:
            raise UndecidedError(
                f"V3's {method}(...) takes no {name!r}. {_place_of(name, platform)}"
            )
    return edits


def _place_of(name: str, platform: Platform | None) -> str:
    """Return what to do about an argument that a resource no longer takes."""
    if name == "options":
        return "Pass options of a scan to scan(...), and leave it out here"
    if platform is not None:
        config = platform.bucket_config
        if config is not None and name in _fields(config):
            return f"Call bucket(...) on a provider, with config={config}({name}=...)"
        if name in config_class(platform).model_fields:
            return f"Say it in the {platform.config} of the provider, and leave it out here"
    return "Leave it out, or say it in the config of the provider or of the bucket"


def _fields(config: str) -> list[str]:
    try:
        return list(getattr(glacier.config, config).model_fields)
    except MissingPackageError:
        return []


def _owner(source: Source, receivers: Receivers, call: cst.Call, arguments: Arguments) -> _Owner:
    """Return the provider that a resource comes from.

    Raises:
        UndecidedError: None is passed or in scope, or more than one.
    """
    scope = source.scope(call)
    assert scope is not None
    passed = arguments.named.get("provider")
    if passed is not None:
        name = dotted_name(passed.value)
        if not name:
            raise UndecidedError("The provider is no plain name. Give it one first")
        held = receivers.held(scope, name) if "." not in name else HeldProvider()
        return _Owner(name, held, (passed,))
    names = receivers.in_scope(call)
    if not names:
        raise UndecidedError(
            "V3's resources come from a provider, and none is known here. Make or pass one, and "
            "call its method"
        )
    if len(names) > 1:
        raise UndecidedError(
            f"V3's resources come from a provider, and several may be meant: {', '.join(names)}. "
            "Call the method of the right one"
        )
    return _Owner(names[0], receivers.held(scope, names[0]))


def _check_platform(platform: Platform | None, owner: _Owner) -> None:
    found = owner.held.platform
    if platform is not None and found is not None and found is not platform:
        raise UndecidedError(
            f"It is for another platform than {owner.name}, which has {found.config}. Call "
            f"bucket(...) on a provider that has {platform.config}"
        )


def _region(source: Source, arguments: Arguments, owner: _Owner) -> list[cst.Arg]:
    """Return the argument that names the region, which the provider has to name just so.

    Raises:
        UndecidedError: It isn't known that the provider does.
    """
    region = arguments.named.get("region")
    if region is None:
        return []
    said = [] if owner.held.call is None else owner.held.call.args
    texts = {
        source.text_of(arg.value)
        for index, arg in enumerate(said)
        if (arg.keyword.value == "region" if arg.keyword else index == 0)
    }
    if texts != {source.text_of(region.value)}:
        raise UndecidedError(
            f"The region is the provider's business, and that of {owner.name} may be another than "
            f"{source.text_of(region.value)}. Compare them, and leave it out here"
        )
    return [region]


def _made_by(
    source: Source,
    use: Use,
    owner: _Owner,
    method: str,
    arguments: Arguments,
    edits: list[Edit],
    *gone: cst.Arg,
) -> Change:
    made = Edit(*source.span(use.node), f"{owner.name}.{method}")
    return Change((made, *edits, *arguments.remove(*gone, *owner.gone)))
