"""The one table over all formats, and how a bucket's format is chosen."""

from functools import cache

from glacier.errors import FormatError
from glacier.formats.base import Format
from glacier.plugins import load_plugins
from glacier.registry import FormatSpec, load_string
from glacier.storage import GLOB_CHARACTERS

DEFAULT_FORMAT = "parquet"


def format_for(name: str | None, path: str) -> Format:
    """Return the format of that name, else the one that the path's suffix chooses.

    Args:
        name: A registered format's name in any case; None to go by the path.
        path: The bucket's path; a dataset without a telling suffix is Parquet.

    Raises:
        FormatError: No format of that name is registered, or the suffix is unknown or claimed
            by several.
    """
    specs = load_plugins().formats
    if name is not None:
        spec = specs.get(str(name).lower())
        if spec is None:
            raise FormatError(
                f"Unknown format {name!r}; installed: {', '.join(sorted(specs))}.", format=name
            )
        return _load(spec)
    last = path.rpartition("/")[2]
    matches = [s for s in specs.values() if last.lower().endswith(s.suffixes)]
    if len(matches) > 1:
        names = ", ".join(sorted(spec.name for spec in matches))
        raise FormatError(
            f"The suffix of {path!r} is claimed by the formats {names}; name one with format=.",
            path=path,
        )
    if matches:
        return _load(matches[0])
    if "." in last.strip(GLOB_CHARACTERS + "."):
        raise FormatError(
            f"The path {path!r} ends in no known suffix; name the format with format=, "
            f"one of {', '.join(sorted(specs))}.",
            path=path,
        )
    return _load(specs[DEFAULT_FORMAT])


@cache
def _load(spec: FormatSpec) -> Format:
    made = load_string(spec.format)()
    if not isinstance(made, Format):
        raise FormatError(f"{spec.format!r} is registered as a format and is not one.")
    return made
