import os, glacier.providers

provider = glacier.providers.LocalProvider(os.environ.get("LAKE", "data"))


@glacier.task
def load():
    pass
