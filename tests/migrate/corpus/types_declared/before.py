from typing import TypeAlias, TypeVar, cast

from glacier.providers import AWSProvider, AzureProvider

Cloud: TypeAlias = AWSProvider | AzureProvider
ProviderT = TypeVar("ProviderT", bound=AWSProvider)
provider = cast(AWSProvider, None)
other = cast("AzureProvider", None)
