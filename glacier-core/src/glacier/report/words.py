"""Durations, sizes and counts as a reader wants them."""

from collections.abc import Collection
from itertools import islice

NOT_KNOWN = "not known"

_MOST_LISTED = 5
_THOUSAND = 1000
_UNITS = ("kB", "MB", "GB", "TB")


def duration(seconds: float) -> str:
    """Return a duration with three significant digits, such as `1.23 s`."""
    rounded = float(f"{seconds:.3g}")
    if rounded < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if rounded < 1:
        return f"{seconds * 1e3:.{_decimals(rounded * 1e3)}f} ms"
    if rounded < 60:
        return f"{seconds:.{_decimals(rounded)}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def size(count: int | None) -> str:
    """Return a number of bytes, such as `1.2 MB`; words for None."""
    if count is None:
        return NOT_KNOWN
    if count < _THOUSAND:
        return f"{count} B"
    rounded = int(float(f"{count:.3g}"))
    power = min(len(_UNITS), (len(str(rounded)) - 1) // 3)
    value = rounded / _THOUSAND**power
    return f"{value:.{_decimals(value)}f} {_UNITS[power - 1]}"


def number(count: int | None) -> str:
    """Return a count with its thousands apart; words for None."""
    return NOT_KNOWN if count is None else f"{count:,}"


def counted(count: int, noun: str, several: str = "") -> str:
    """Return a count with its noun, such as `3 tasks`."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"


def listed(names: Collection[str]) -> str:
    """Return names in one line: a few of them, and how many more there are."""
    more = len(names) - _MOST_LISTED
    shown = ", ".join(islice(names, _MOST_LISTED))
    return f"{shown} and {more:,} more" if more > 0 else shown


def _decimals(value: float) -> int:
    return 2 if value < 10 else 1 if value < 100 else 0
