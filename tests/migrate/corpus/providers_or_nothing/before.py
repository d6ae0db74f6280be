from glacier.providers import LocalProvider

cloud = None


def open_cloud():
    global cloud
    cloud = LocalProvider("data")
    return cloud.base_path, cloud.bucket_source("lake")


class Flow:
    cloud = None

    def __init__(self):
        self.store = None

    def open(self):
        self.cloud = LocalProvider("data")
        if self.store is None:
            self.store = LocalProvider("data")
        return self.store.base_path, self.cloud.base_path, self.store.bucket_source("lake")


print(open_cloud(), Flow().open())
