# not run: a notebook's cells, which wait at the top
from glacier import Provider
from glacier.config import LocalConfig

async def make():
    return "data"

cloud = Provider(config=LocalConfig(base_path=await make()))
