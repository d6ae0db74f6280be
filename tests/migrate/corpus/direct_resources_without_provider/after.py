from glacier import Bucket, task

bucket = Bucket("my-data", path="a.parquet")


@task
def load(source: Bucket):
    return source
