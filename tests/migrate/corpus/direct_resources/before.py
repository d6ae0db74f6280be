from glacier.providers import LocalProvider
from glacier.resources import Bucket, Executor, Serverless

provider = LocalProvider("data")
bucket = Bucket("my-data", path="a.parquet")
function = Serverless("greet", lambda payload: payload)
executor = Executor(name="far")
kept = Bucket("my-data", provider=provider)
by_position = Bucket("my-data", "a.parquet", "parquet", provider)


def read(source: Bucket):
    return source
