from glacier import Provider
from glacier.config import LocalConfig

cloud = Provider(config=LocalConfig(base_path="data"))
cloud.base_path, other = "a", "b"
for cloud.base_path in "ab":
    pass
with open("a") as cloud.base_path:
    pass
