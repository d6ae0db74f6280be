from glacier.providers import LocalProvider
from infra import registry


def region(provider, other):
    return provider.region, other.region


def path(p: LocalProvider | None = None):
    p = p or LocalProvider("data")
    return p.base_path


cloud = LocalProvider("data")
for cloud in registry["clouds"]:
    print(cloud.region, registry["clouds"].region, registry.provider.location)
