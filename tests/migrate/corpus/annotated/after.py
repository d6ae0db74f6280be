from typing import Annotated, Any

from glacier import Provider
from glacier.providers import LocalProvider


def depends(made: Any) -> Any:
    return made


def flow(
    a: Annotated[Provider, "AWSProvider"],
    b: Annotated[str, "LocalProvider"],
    c: Annotated[Provider, depends(LocalProvider)],
):
    return a, b, c
