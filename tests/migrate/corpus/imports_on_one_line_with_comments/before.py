from glacier.providers import (AWSProvider, AzureProvider,  # why
LocalProvider,); y = 1
from glacier.providers import (  # first
    GCPProvider as G, AWSProvider as A  # last
); z = 2

a = AWSProvider("us-east-1")
b = AzureProvider
c = G("p")
d = A("us-east-1")
