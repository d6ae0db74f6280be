from typing import Annotated, Any

from glacier.providers import AWSProvider, LocalProvider


def depends(made: Any) -> Any:
    return made


def flow(
    a: Annotated[AWSProvider, "AWSProvider"],
    b: Annotated[str, "LocalProvider"],
    c: Annotated[LocalProvider, depends(LocalProvider)],
):
    return a, b, c
