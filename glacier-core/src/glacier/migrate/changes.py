"""What becomes of one place of a module: a change, or the reason why there is none."""

from dataclasses import dataclass

from glacier.migrate.findings import Edit


@dataclass(frozen=True, slots=True)
class Change:
    """How one place becomes V3.

    Attributes:
        edits: What changes in the text.
        needs: The dotted names that the place uses then, such as `glacier.Provider`.
    """

    edits: tuple[Edit, ...]
    needs: tuple[str, ...] = ()


class UndecidedError(Exception):
    """A place that only a person can decide; the message says why, and what to do."""


def own_name(dotted: str) -> str:
    """Return the last part of a dotted name."""
    return dotted.rpartition(".")[2]
