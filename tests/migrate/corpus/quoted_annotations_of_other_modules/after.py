# not run: `infra` is made up
import infra

from glacier import Provider
from glacier.config import LocalConfig


def make(p: "infra.AWSProvider | Provider", q: "infra.LocalProvider"):
    return Provider(config=LocalConfig(base_path="data"))
