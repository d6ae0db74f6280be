from glacier import Provider
from glacier.config import LocalConfig
from glacier.providers import LocalProvider

a = LocalProvider(path := "a")
b = LocalProvider(str(one) for one in "b")
c = Provider(config=LocalConfig(base_path=(path := "c")))
