from glacier import Provider
from glacier.config import LocalConfig
from infra import registry


def region(provider, other):
    return provider.region, other.region


def path(p: Provider | None = None):
    p = p or Provider(config=LocalConfig(base_path="data"))
    return p.base_path


cloud = Provider(config=LocalConfig(base_path="data"))
for cloud in registry["clouds"]:
    print(cloud.region, registry["clouds"].region, registry.provider.location)
