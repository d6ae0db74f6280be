"""What to tell of the names and imports of V2 that V3 has not, and that stay as they are."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from glacier.migrate.contexts import Context
from glacier.migrate.v2 import OldName, is_of_glacier, old_name, own_name

_PLACES = {
    "glacier.providers": "Provider, made with one of the configs of glacier.config,",
    "glacier.resources": "provider.bucket(...)",
    "glacier.sources": "provider.bucket(...)",
}


def advice(old: OldName, context: Context) -> str:
    """Return why a use of V2's name can't be decided, and what to do, without a full stop.

    Args:
        old: The name.
        context: What it is used for.
    """
    new = own_name(old.successor)
    told = f"V3 has one {new} for all platforms"
    made = _made(old)
    if context in (Context.INSTANCE_CHECK, Context.PATTERN):
        return f"{told}, and a config says which it is. Write {_check(old)}"
    if context is Context.BASE_CLASS:
        return (
            f"{told}, and no subclasses. Make a function that returns {made}, or write a plugin "
            "for what is new about it"
        )
    if context is Context.CLASS_TYPE:
        return f"{told}, so that a class says nothing. Pass {made}, or a function that returns it"
    if context is Context.CALL:
        return f"{told}, made with a config. Write {made}"
    return f"{told}, made by {made}. Use that, or a function that returns it"


def unknown_import(module: str, name: str | None) -> str | None:
    """Return what to tell of an import that V3 can't carry out; None where it can.

    Args:
        module: The module, such as `glacier.providers`.
        name: What is imported from it; `*` for everything, None for the module itself.
    """
    if not is_of_glacier(module):
        return None
    if name == "*":
        if is_module(module):
            return None
        return (
            f"The star import of {module} is left as it is. V3 has no such module, and what comes "
            "from it is not known. Import each name by itself, and migrate again."
        )
    dotted = module if name is None else f"{module}.{name}"
    old = old_name(dotted)
    if old is not None and old.role != "resource":
        return (
            f"The import of {own_name(dotted)} is left as it is. Others may take it from here, and "
            f"V3 has {_made(old)} in its place. Import that where it is needed, and remove this."
        )
    if not is_module(module):
        instead = _PLACES.get(".".join(module.split(".")[:2]), "What the documentation of V3 says")
        return f"V3 has no module {module}. {instead} takes its place."
    if name is not None and module == "glacier" and not _has(module, name):
        return f"V3's {module} has no {name}. What the documentation of V3 says takes its place."
    return None


@cache
def is_module(name: str) -> bool:
    """Tell whether V3 has a module."""
    try:
        # That of V2's providers is there, but only says that it is gone.
        return name != "glacier.providers" and find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is no package
        return False


def _made(old: OldName) -> str:
    if old.role not in ("provider", "base"):
        return "provider.bucket(...)"
    config = "..." if old.platform is None else f"{old.platform.config}(...)"
    return f"Provider(config={config})"


def _check(old: OldName) -> str:
    if old.platform is None:
        return f"isinstance(..., {own_name(old.successor)})"
    if old.role == "bucket":
        return f"isinstance(b.provider.config, {old.platform.config}) for a bucket b"
    return f"isinstance(p.config, {old.platform.config}) for a provider p"


def _has(module: str, name: str) -> bool:
    return hasattr(import_module(module), name) or is_module(f"{module}.{name}")
