"""What travels in the place of a frame, and gives it back where it arrives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from glacier.jobs.plans import Plan
from glacier.resources.bucket import Bucket


@dataclass(frozen=True, slots=True)
class FrameReport:
    """How one frame travels.

    Attributes:
        travels_as: `scan`: as the bucket that it is an untouched scan of; `plan`: as its query,
            which is carried out over there; `staged`: as rows that are streamed to the place.
        uris: What is read over there, as `Location.uri` names it.
    """

    travels_as: Literal["scan", "plan", "staged"]
    uris: tuple[str, ...]

    @property
    def uri(self) -> str:
        """What is read over there as one text, with commas between several."""
        return ", ".join(self.uris)


@dataclass(frozen=True, slots=True)
class ScanTicket:
    """A frame that is an untouched scan of a bucket."""

    bucket: Bucket
    options: Mapping[str, Any]

    def redeem(self) -> pl.LazyFrame:
        """Return the frame, which is an untouched scan of the bucket again."""
        return self.bucket.scan_now(dict(self.options))


@dataclass(frozen=True, slots=True)
class PlanTicket:
    """A frame whose plan is carried out where it arrives."""

    plan: Plan

    def redeem(self) -> pl.LazyFrame:
        """Return the frame."""
        return self.plan.load()


@dataclass(frozen=True, slots=True)
class StagedTicket:
    """A frame whose rows lie in a bucket of their own."""

    bucket: Bucket
    is_lazy: bool

    def redeem(self) -> pl.LazyFrame | pl.DataFrame:
        """Return the frame, lazy or eager as it was."""
        return self.bucket.scan_now({}) if self.is_lazy else self.bucket.read_now({})


Ticket = ScanTicket | PlanTicket | StagedTicket
