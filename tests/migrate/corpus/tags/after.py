from glacier import Provider
from glacier.config import AwsConfig, LocalConfig

TAGS = {"team": "sales"}

last = Provider(config=AwsConfig(region="us-east-1"), tags=TAGS)
first = Provider(tags=TAGS, config=AwsConfig(region="us-east-1"))
between = Provider(config=AwsConfig(region="us-east-1", profile="staging"), tags=TAGS)
alone = Provider(config=LocalConfig(), tags=TAGS)
positional = Provider(config=AwsConfig(region="us-east-1"), tags={"team": "sales"})
on_its_own_line = Provider(config=AwsConfig(
    region="us-east-1",
    profile="staging",  # see the wiki
), tags={"team": "sales"})
on_its_own_lines = Provider(config=AwsConfig(
    region="us-east-1"),
    tags={
        "team": "sales",
    }
)
with_comments = Provider(config=AwsConfig(
    region="us-east-1"),  # where the lake is
    # who pays
    tags={"team": "sales"},  # the sales team
)
