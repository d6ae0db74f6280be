from glacier import Provider
from glacier.config import LocalConfig
from glacier.resources import Bucket

provider = Provider(config=LocalConfig(base_path="data"))
bucket = provider.bucket("my-data", path="a.parquet")
function = provider.serverless("greet", lambda payload: payload)
executor = provider.executor(name="far")
kept = Bucket("my-data", provider=provider)
by_position = Bucket("my-data", "a.parquet", "parquet", provider)


def read(source: Bucket):
    return source
