import typing
from typing import Optional, Union

from glacier import Provider


def flow(
    a: Provider,
    b: "Optional[Provider]",
    c: Union[Provider, str],
    d: Union[
        Provider,  # ours
        Provider,  # theirs
    ],
    e: Union[(Provider), Provider],
):
    return a, b, c, d, e
