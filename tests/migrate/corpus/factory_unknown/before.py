from glacier import create_bucket
from glacier.providers import AWSProvider

KIND = "s3"
provider = AWSProvider(region="us-east-1")
create_bucket(KIND, bucket="data")
create_bucket("ftp", bucket="data")
create_bucket("gcs", bucket="data")
create_bucket("s3", bucket="data", region="eu-central-1")
create_bucket("s3", bucket="data", acl="private")
create_bucket("s3",  # the kind
    bucket="data")
make = create_bucket
