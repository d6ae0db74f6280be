"""What to do about a name of V2 that can't be replaced where it stands."""

from glacier.migrate.changes import own_name
from glacier.migrate.contexts import Context
from glacier.migrate.v2 import OldName


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
