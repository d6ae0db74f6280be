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


async def later() -> LocalProvider:
    return LocalProvider("data")


class Flow:
    def make(self) -> LocalProvider:
        return LocalProvider("data")

    def path(self):
        return self.make().base_path, later().base_path


def fill(self):
    self.cloud = LocalProvider("data")


def read(self):
    return self.cloud.base_path
