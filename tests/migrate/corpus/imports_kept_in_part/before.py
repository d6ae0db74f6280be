from glacier.providers import (
    AWSProvider,
    AzureProvider,  # Azure's
    LocalProvider,
)

a = AzureProvider("rg")
b = AWSProvider
c = LocalProvider
