import os, glacier
from glacier import Provider
from glacier.config import LocalConfig

provider = Provider(config=LocalConfig(base_path=os.environ.get("LAKE", "data")))


@glacier.task
def load():
    pass
