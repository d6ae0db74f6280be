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


async def later() -> Provider:
    return Provider(config=LocalConfig(base_path="data"))


class Flow:
    def make(self) -> Provider:
        return Provider(config=LocalConfig(base_path="data"))

    def path(self):
        return self.make().base_path, later().base_path


def fill(self):
    self.cloud = Provider(config=LocalConfig(base_path="data"))


def read(self):
    return self.cloud.base_path
