from typing import Optional, Union

from glacier import Provider
from glacier.config import AwsConfig, GcpConfig

aws = Provider(config=AwsConfig(region="us-east-1"))
gcp = Provider(config=GcpConfig(project="my-project"))
print(aws.config.region, aws.config.profile, gcp.config.project, aws.config)


def describe(
    p: Provider,
    q: "Provider | None" = None,
    r: Optional[Provider] = None,
    s: Provider | str = "",
    other=None,
):
    return p.config.region, q.config.region, r.config.location, s.region, other.region


describe.region = aws
