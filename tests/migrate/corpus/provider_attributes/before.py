from typing import Optional, Union

from glacier.providers import AWSProvider, AzureProvider, GCPProvider, Provider

aws = AWSProvider("us-east-1")
gcp = GCPProvider(project_id="my-project")
print(aws.region, aws.profile, gcp.project_id, aws.config)


def describe(
    p: Union[AWSProvider, AzureProvider],
    q: "AWSProvider | None" = None,
    r: Optional[Provider] = None,
    s: AWSProvider | str = "",
    other=None,
):
    return p.region, q.region, r.location, s.region, other.region


describe.region = aws
