"""How much a run does at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one run.

    Attributes:
        joint_sinks: How many writes are executed as one query at most.
        workers: How many independent tasks run at a time; None for what suits the machine.
    """

    joint_sinks: int
    workers: int | None
