"""The work of a job that is a plain function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glacier.jobs.errand import Errand

CALL_MAIN = "glacier.jobs.call:call"
"""What the header of such a job names as its main function."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def call(work: Call, errand: "Errand") -> Any:  # noqa: ARG001 - what every main function is given
    """Return what the function returns."""
    return work.function(*work.args, **work.kwargs)
