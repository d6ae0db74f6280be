from glacier import Provider
from glacier.config import AwsConfig

provider = Provider(config=AwsConfig(region="us-east-1"))
source = provider.bucket("my-data", path="file.parquet")
