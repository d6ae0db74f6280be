import glacier
from glacier import Provider
from glacier.config import AwsConfig, LocalConfig
from glacier.resources import Bucket

provider = Provider(config=LocalConfig(base_path="data"))
cloud = Provider(config=AwsConfig(region="us-east-1"))
bucket = Bucket("lake", provider=cloud)
other = Bucket(bucket_name="lake", path="a/")


def run(task: "glacier.Task", bucket: "Bucket | None", cloud: "Provider"):
    return task


run.cloud = cloud
