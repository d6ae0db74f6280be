from glacier.providers import AWSProvider

aws = AWSProvider("us-east-1")
aws.region = "eu-central-1"
del aws.profile
