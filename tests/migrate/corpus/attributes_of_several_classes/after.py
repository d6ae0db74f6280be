import boto3
from glacier import Provider
from glacier.config import AwsConfig, LocalConfig


class Ours:
    cloud = Provider(config=LocalConfig(base_path="data"))

    def __init__(self):
        self.store = Provider(config=AwsConfig(region="us-east-1"))

    def describe(self):
        return self.store.config.region, self.cloud.config.base_path, self.cloud.bucket("lake")


class Theirs:
    def __init__(self):
        self.store = boto3.client("s3")
        self.cloud = Provider(config=LocalConfig(base_path="data"))
        self.cloud = boto3.client("s3")

    def describe(self):
        return self.store.region, self.cloud.base_path, self.store.bucket_source("lake")


class Heirs(Ours):
    def describe(self):
        return self.store.region


def fill(context):
    context.cloud = Provider(config=LocalConfig(base_path="data"))
    return context.cloud.config.base_path


def read(context):
    return context.cloud.base_path
