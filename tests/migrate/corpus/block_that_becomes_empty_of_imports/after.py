from typing import TYPE_CHECKING

from glacier import Bucket

if TYPE_CHECKING:
    # Only types.
    pass


def read(bucket: "Bucket") -> Bucket:
    return bucket
