from glacier import Provider
from glacier.config import LocalConfig


class Settings:
    from glacier.config import AwsConfig

    provider = Provider(config=AwsConfig(region="us-east-1"))
    dev = Provider(config=LocalConfig(base_path="data"))
    source = dev.bucket("a")


Settings()
