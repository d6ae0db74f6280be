from glacier.providers import AWSProvider, LocalProvider

TAGS = {"team": "sales"}

last = AWSProvider(region="us-east-1", tags=TAGS)
first = AWSProvider(tags=TAGS, region="us-east-1")
between = AWSProvider(region="us-east-1", tags=TAGS, profile="staging")
alone = LocalProvider(tags=TAGS)
positional = AWSProvider("us-east-1", tags={"team": "sales"})
on_its_own_line = AWSProvider(
    region="us-east-1",
    profile="staging",  # see the wiki
    tags={"team": "sales"},
)
on_its_own_lines = AWSProvider(
    "us-east-1",
    tags={
        "team": "sales",
    }
)
with_comments = AWSProvider(
    region="us-east-1",  # where the lake is
    # who pays
    tags={"team": "sales"},  # the sales team
)
