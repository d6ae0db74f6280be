# The clouds.
from glacier.providers import (  # all of them
    # ours
    AWSProvider,  # Amazon's
    # theirs
    AzureProvider,
    LocalProvider,  # for tests
)  # end

a = AWSProvider("us-east-1")
b = AzureProvider("rg")
c = LocalProvider()
