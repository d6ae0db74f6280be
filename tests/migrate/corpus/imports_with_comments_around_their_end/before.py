from glacier.providers import LocalProvider

if True:
    from glacier.providers import (
        LocalProvider,  # ours
    );
    LocalProvider("data")

LocalProvider("data")
from glacier.providers import (  # why
    LocalProvider,
) ; # here
LocalProvider("data")
