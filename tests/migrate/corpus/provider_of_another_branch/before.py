import os

from glacier.providers import AWSProvider, LocalProvider
from glacier.resources.aws import S3Bucket

if os.environ.get("PROD"):
    provider = AWSProvider("us-east-1")
    lake = S3Bucket("lake")
else:
    lake = S3Bucket("dev-lake")

if os.environ.get("A"):
    cloud = LocalProvider("a")
elif os.environ.get("B"):
    cloud = LocalProvider("b")
else:
    cloud = LocalProvider("c")


def later():
    return S3Bucket("later")
