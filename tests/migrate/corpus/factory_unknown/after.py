from glacier import Provider, create_bucket
from glacier.config import AwsConfig

KIND = "s3"
provider = Provider(config=AwsConfig(region="us-east-1"))
create_bucket(KIND, bucket="data")
create_bucket("ftp", bucket="data")
create_bucket("gcs", bucket="data")
create_bucket("s3", bucket="data", region="eu-central-1")
create_bucket("s3", bucket="data", acl="private")
create_bucket("s3",  # the kind
    bucket="data")
make = create_bucket
