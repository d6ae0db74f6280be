from glacier import Provider
from glacier.config import LocalConfig

early = Provider(config=LocalConfig(base_path="data"))

from glacier import task  # the decorator
from glacier import (
    pipeline,  # another
)
