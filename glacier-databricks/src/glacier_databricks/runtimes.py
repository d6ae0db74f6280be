"""Databricks' runtimes: which Python they have, and which one suits a caller.

https://docs.databricks.com/release-notes/runtime/
"""

import re
import sys
from dataclasses import dataclass

OLDEST = (15, 0)
"""The first runtime whose Python runs Glacier's tasks: Polars 2.1 needs Python 3.11."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """One runtime.

    Attributes:
        version: Its two numbers.
        key: What the API calls it, such as `16.4.x-scala2.12`.
        python: The minor version of its Python.
        is_lts: Whether it is supported for years.
    """

    version: tuple[int, int]
    key: str
    python: str
    is_lts: bool = True


RUNTIMES = (
    Runtime((15, 4), "15.4.x-scala2.12", "3.11"),
    Runtime((16, 4), "16.4.x-scala2.12", "3.12"),
    Runtime((17, 3), "17.3.x-scala2.13", "3.12"),
    Runtime((18, 0), "18.x-scala2.13", "3.12"),
    Runtime((19, 0), "19.x-scala2.13", "3.12", is_lts=False),
)
"""Those that run Glacier's tasks and are to be chosen from, the oldest first."""

# All minor versions of one have the same.
_PYTHONS = {13: "3.10", 14: "3.10", **{one.version[0]: one.python for one in RUNTIMES}}
_SERVERLESS_PYTHONS = {"1": "3.10", "2": "3.11", "3": "3.12", "4": "3.12"}


def default_runtime(python: str | None = None) -> Runtime:
    """Return the newest LTS with a minor version of Python, else the newest runtime.

    Args:
        python: The version, such as `3.12`; the caller's where None.
    """
    wanted = python or f"{sys.version_info.major}.{sys.version_info.minor}"
    fitting = [one for one in RUNTIMES if one.is_lts and one.python == wanted]
    return fitting[-1] if fitting else RUNTIMES[-1]


def version_of(key: str) -> tuple[int, int] | None:
    """Return the two numbers of a runtime; None for a key that has none, as of a custom image.

    Some have a line of releases in their key, as in `18.x-scala2.13`: its number is 0.
    """
    found = re.match(r"(\d+)\.(\d+|x)", key)
    if found is None:
        return None
    return int(found[1]), 0 if found[2] == "x" else int(found[2])


def python_of(key: str) -> str | None:
    """Return the minor version of Python that a runtime has; None if not known."""
    version = version_of(key)
    return None if version is None else _PYTHONS.get(version[0])


def python_of_serverless(environment_version: str) -> str | None:
    """Return the minor version of Python in an environment of serverless compute, if known.

    https://docs.databricks.com/release-notes/serverless/environment-version/
    """
    return _SERVERLESS_PYTHONS.get(environment_version)


def runs_tasks(key: str) -> bool:
    """Return whether a runtime has a Python that runs Glacier's tasks; so it is if not known."""
    version = version_of(key)
    return version is None or version >= OLDEST
