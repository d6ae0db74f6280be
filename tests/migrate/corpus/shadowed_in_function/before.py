from glacier.providers import AWSProvider


def ours(AWSProvider):
    return AWSProvider(region="us-east-1")


def theirs():
    return AWSProvider(region="us-east-1")


def local():
    class AWSProvider:
        pass

    return AWSProvider()


theirs()
