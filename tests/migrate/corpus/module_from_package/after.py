from glacier import Provider, task
from glacier.config import LocalConfig

provider = Provider(config=LocalConfig(base_path="data"))


@task
def load():
    pass
