import glacier.sources
from glacier import GlacierEnv, task
from glacier.providers.base import ProviderConfig
from glacier.sources import S3Source

source = S3Source(bucket="my-data", path="file.parquet")
