import glacier.providers as gp

early = gp.LocalProvider("data")

from glacier import task  # the decorator
from glacier import (
    pipeline,  # another
)
