"""Half of it is V3."""
from glacier import Provider
from glacier.config import AwsConfig
# The old one.
from glacier.providers import AWSProvider  # noqa: E402

if True:
    from glacier.providers import AWSProvider as AP

    old = AP("us-east-1")

new = Provider(config=AwsConfig(region="us-east-1"))
old = AWSProvider("us-east-1")
