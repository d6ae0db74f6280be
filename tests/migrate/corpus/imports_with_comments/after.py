# The clouds.
# all of them
# ours
# Amazon's
# theirs
# for tests
from glacier import Provider
from glacier.config import AwsConfig, AzureConfig, LocalConfig  # end

a = Provider(config=AwsConfig(region="us-east-1"))
b = Provider(config=AzureConfig(resource_group="rg"))
c = Provider(config=LocalConfig())
