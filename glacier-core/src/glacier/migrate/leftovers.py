"""Imports of what V3 does not have."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from glacier.migrate.changes import own_name
from glacier.migrate.v2 import old_name

_INSTEAD = {
    "provider": "Provider(config=...)",
    "base": "Provider",
    "bucket": "provider.bucket(...)",
}

_PLACES = {
    "glacier.providers": "Provider, made with one of the configs of glacier.config,",
    "glacier.resources": "provider.bucket(...)",
    "glacier.sources": "provider.bucket(...)",
}


def unknown_import(module: str, name: str | None) -> str | None:
    """Return what to tell of an import that V3 can't carry out; None where it can.

    Args:
        module: The module, such as `glacier.providers`.
        name: What is imported from it; `*` for everything, None for the module itself.
    """
    if module.partition(".")[0] != "glacier":
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
    if old is not None and old.is_gone:
        instead = _INSTEAD.get(old.role, "provider.bucket(...)")
        return (
            f"The import of {own_name(dotted)} is left as it is. Others may take it from here, and "
            f"V3 has {instead} in its place. Import that where it is needed, and remove this."
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


def _has(module: str, name: str) -> bool:
    return hasattr(import_module(module), name) or is_module(f"{module}.{name}")
