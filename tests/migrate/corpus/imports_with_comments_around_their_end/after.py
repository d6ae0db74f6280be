from glacier import Provider
from glacier.config import LocalConfig

if True:
    # ours
    Provider(config=LocalConfig(base_path="data"))

Provider(config=LocalConfig(base_path="data"))
# why
# here
Provider(config=LocalConfig(base_path="data"))
