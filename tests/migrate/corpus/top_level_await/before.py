# not run: a notebook's cells, which wait at the top
from glacier.providers import LocalProvider

async def make():
    return "data"

cloud = LocalProvider(await make())
