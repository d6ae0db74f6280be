from glacier.providers import AWSProvider

# The lake.
provider = AWSProvider(  # of the company
    # Near the customers.
    region="us-east-1",  # not us-east-2
    profile=(  # from the shared file
        "staging"
    ),
)  # done

source = provider.bucket_source(
    "my-data",  # the bucket
    # Written by night.
    path="file.parquet",
)
