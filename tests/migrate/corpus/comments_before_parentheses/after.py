from glacier.providers import LocalProvider
from glacier.resources.local import LocalBucket

cloud = (LocalProvider  # see (data)
         ("data"))
lake = (LocalBucket  # see (lake)
        ("lake", provider=cloud))
