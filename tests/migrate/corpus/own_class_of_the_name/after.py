"""A provider of ours, for glacier."""


class AWSProvider:
    def __init__(self, region):
        self.region = region


provider = AWSProvider(region="us-east-1")
