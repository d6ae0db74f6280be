from glacier.resources.aws import S3Bucket

early = S3Bucket("early")


def make():
    return S3Bucket("my-bucket", path="a.parquet")
