# not run: `infra` is made up
from infra import *

from glacier import Provider
from glacier.config import LocalConfig

theirs = Stack("infra")
cloud = Provider(config=LocalConfig(base_path="data"))
