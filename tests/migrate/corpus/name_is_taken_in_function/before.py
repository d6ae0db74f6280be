from glacier.providers import AWSProvider


def config(AwsConfig):
    return AWSProvider("us-east-1")


def other():
    return AWSProvider("us-east-1")
