from collections.abc import Callable
from typing import Annotated, Optional, Union

from glacier import Provider


def one(
    a: Provider,
    b: Optional[Provider] = None,
    c: Provider | None = None,
    d: Provider | None = None,
    e: Union[Provider, str] = "",
    f: list[Provider] = (),
    g: Annotated[Provider, "the dev machine's"] = None,
    *args: Provider,
    **kwargs: dict[str, Provider],
) -> Callable[[Provider], Provider]:
    found: Provider = a
    return found


class Flow:
    provider: Provider
    others: "list[Provider]"
