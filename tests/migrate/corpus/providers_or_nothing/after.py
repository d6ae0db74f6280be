from glacier import Provider
from glacier.config import LocalConfig

cloud = None


def open_cloud():
    global cloud
    cloud = Provider(config=LocalConfig(base_path="data"))
    return cloud.config.base_path, cloud.bucket("lake")


class Flow:
    cloud = None

    def __init__(self):
        self.store = None

    def open(self):
        self.cloud = Provider(config=LocalConfig(base_path="data"))
        if self.store is None:
            self.store = Provider(config=LocalConfig(base_path="data"))
        return self.store.config.base_path, self.cloud.config.base_path, self.store.bucket("lake")


print(open_cloud(), Flow().open())
