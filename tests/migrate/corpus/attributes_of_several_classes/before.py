import boto3
from glacier.providers import AWSProvider, LocalProvider


class Ours:
    cloud = LocalProvider("data")

    def __init__(self):
        self.store = AWSProvider("us-east-1")

    def describe(self):
        return self.store.region, self.cloud.base_path, self.cloud.bucket_source("lake")


class Theirs:
    def __init__(self):
        self.store = boto3.client("s3")
        self.cloud = LocalProvider("data")
        self.cloud = boto3.client("s3")

    def describe(self):
        return self.store.region, self.cloud.base_path, self.store.bucket_source("lake")


class Heirs(Ours):
    def describe(self):
        return self.store.region


def fill(context):
    context.cloud = LocalProvider("data")
    return context.cloud.base_path


def read(context):
    return context.cloud.base_path
