from glacier import Provider
from glacier.config import LocalConfig

a = Provider(config=LocalConfig(
    base_path="data"),
    # who pays
    tags={"team": "sales"},
)
b = Provider(config=LocalConfig(
    base_path="data",  # here
), tags={"team": "sales"})
