from collections.abc import Callable
from typing import Annotated, Optional, Union

from glacier.providers import AWSProvider, AzureProvider, LocalProvider


def one(
    a: AWSProvider,
    b: Optional[LocalProvider] = None,
    c: AWSProvider | AzureProvider | None = None,
    d: AWSProvider | None | AzureProvider = None,
    e: Union[AWSProvider, AzureProvider, str] = "",
    f: list[AWSProvider] = (),
    g: Annotated[LocalProvider, "the dev machine's"] = None,
    *args: AWSProvider,
    **kwargs: dict[str, AzureProvider],
) -> Callable[[AWSProvider], LocalProvider]:
    found: AWSProvider = a
    return found


class Flow:
    provider: AWSProvider
    others: "list[AWSProvider | AzureProvider]"
