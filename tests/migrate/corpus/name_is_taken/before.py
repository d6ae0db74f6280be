from glacier.providers import AWSProvider, LocalProvider


class Provider:
    pass


def make():
    return AWSProvider("us-east-1")


def config(AwsConfig):
    return AWSProvider("us-east-1")


def annotated(p: "LocalProvider"):
    pass
