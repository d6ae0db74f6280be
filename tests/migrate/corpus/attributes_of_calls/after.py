import os

from glacier import Provider
from glacier.config import LocalConfig


def make() -> Provider:
    return Provider(config=LocalConfig(base_path="data"))


class Flow:
    @property
    def cloud(self) -> Provider:
        return Provider(config=LocalConfig(base_path="data"))

    def describe(self):
        return self.cloud.config.base_path, self.cloud.bucket("lake")


cloud = make()
print(Provider(config=LocalConfig(base_path="data")).config.base_path, make().config.base_path, cloud.config.base_path)
print((Provider(config=LocalConfig(base_path="a")) if os.environ.get("A") else Provider(config=LocalConfig(base_path="b"))).config.base_path)
print(Flow().describe())
