import os

from glacier import Provider
from glacier.config import LocalConfig

if os.environ.get("A"):
    cloud = Provider(config=LocalConfig(base_path="a"))
elif os.environ.get("B"):
    cloud = Provider(config=LocalConfig(base_path="b"))
else:
    cloud = Provider(config=LocalConfig(base_path="c"))
lake = cloud.bucket("lake")
