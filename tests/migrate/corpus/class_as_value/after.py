from glacier import Provider
from glacier.config import LocalConfig
from glacier.providers import AWSProvider, LocalProvider

PROVIDERS = {"aws": AWSProvider, "local": LocalProvider}
make = AWSProvider
dev = Provider(config=LocalConfig(base_path="data"))
print(AWSProvider.__doc__)
