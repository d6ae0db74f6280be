# Azure's
from glacier import Provider
from glacier.config import AzureConfig
from glacier.providers import (
    AWSProvider,
    LocalProvider,
)

a = Provider(config=AzureConfig(resource_group="rg"))
b = AWSProvider
c = LocalProvider
