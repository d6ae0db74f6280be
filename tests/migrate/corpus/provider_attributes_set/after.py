from glacier import Provider
from glacier.config import AwsConfig

aws = Provider(config=AwsConfig(region="us-east-1"))
aws.region = "eu-central-1"
del aws.profile
