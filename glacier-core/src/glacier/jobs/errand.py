"""What a job is sent, and what it knows of itself where it runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier.resources import Bucket


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a job's payload holds.

    Attributes:
        place: The dataset through which the job travels.
        work: What its main function is called with.
    """

    place: "Bucket"
    work: object


@dataclass(frozen=True, slots=True)
class Errand:
    """The job at hand, as its main function is given it.

    Attributes:
        place: The dataset through which the job travels.
        engine: What its executor offers: `python` or `spark`.
        code: The archive of sources that travelled with the job, a file of this machine; its
            contents are on `sys.path` already. Spark's workers get it as it is.
    """

    place: "Bucket"
    engine: str
    code: Path
