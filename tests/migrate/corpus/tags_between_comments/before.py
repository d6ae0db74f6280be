from glacier.providers import AWSProvider

provider = AWSProvider(
    region="us-east-1",
    tags={"team": "sales"},  # who pays
    profile="staging",
)
