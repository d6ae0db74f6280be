"""Half of it is V3."""
from glacier import Provider
from glacier.config import AwsConfig
# The old one.
# noqa: E402

if True:
    old = Provider(config=AwsConfig(region="us-east-1"))

new = Provider(config=AwsConfig(region="us-east-1"))
old = Provider(config=AwsConfig(region="us-east-1"))
