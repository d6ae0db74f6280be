from typing import TypeAlias, TypeVar, cast

from glacier import Provider

Cloud: TypeAlias = Provider
ProviderT = TypeVar("ProviderT", bound=Provider)
provider = cast(Provider, None)
other = cast("Provider", None)
