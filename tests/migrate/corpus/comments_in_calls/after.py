from glacier import Provider
from glacier.config import AwsConfig

# The lake.
provider = Provider(config=AwsConfig(  # of the company
    # Near the customers.
    region="us-east-1",  # not us-east-2
    profile=(  # from the shared file
        "staging"
    ),
))  # done

source = provider.bucket(
    "my-data",  # the bucket
    # Written by night.
    path="file.parquet",
)
