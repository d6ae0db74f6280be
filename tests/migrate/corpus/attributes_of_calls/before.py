import os

from glacier.providers import LocalProvider, Provider


def make() -> Provider:
    return LocalProvider("data")


class Flow:
    @property
    def cloud(self) -> LocalProvider:
        return LocalProvider("data")

    def describe(self):
        return self.cloud.base_path, self.cloud.bucket_source("lake")


cloud = make()
print(LocalProvider("data").base_path, make().base_path, cloud.base_path)
print((LocalProvider("a") if os.environ.get("A") else LocalProvider("b")).base_path)
print(Flow().describe())
