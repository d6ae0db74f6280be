import glacier.providers
from glacier.providers import LocalProvider
from glacier.resources import Bucket

provider = LocalProvider("data")
cloud = glacier.providers.AWSProvider("us-east-1")
bucket = Bucket("lake", provider=cloud)
other = Bucket(bucket_name="lake", path="a/")


def run(task: "glacier.Task", bucket: "Bucket | None", cloud: "glacier.providers.AWSProvider"):
    return task


run.cloud = cloud
