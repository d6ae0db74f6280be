import os

from glacier import Bucket
from glacier.providers import LocalProvider

if os.environ.get("A"):
    cloud = LocalProvider("a")
elif os.environ.get("B"):
    cloud = LocalProvider("b")
else:
    cloud = LocalProvider("c")
lake = Bucket("lake")
