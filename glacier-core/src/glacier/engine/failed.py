"""What has failed: whether a call needs it, and how it is told."""

from collections.abc import Collection, Sequence

from glacier.engine.result import Run, TaskRun, TaskStatus
from glacier.errors import RunError
from glacier.pipeline.graph import Call

_FINE = frozenset({TaskStatus.SUCCEEDED, TaskStatus.WRITING})


class Failed:
    """Knows which calls have failed, also where a joint gathers many of them.

    Args:
        calls: All calls.
        records: What became of each.
    """

    def __init__(self, calls: Sequence[Call], records: Sequence[TaskRun]) -> None:
        self._calls = calls
        self._records = records
        self._in_joint: dict[int, int | None] = {}

    def needed_by(self, call: Call, fine: Collection[int] = ()) -> int | None:
        """Return the index of the first call among those that this one needs which failed.

        Args:
            call: Whatever it needs has ended.
            fine: Calls that are about to be carried out together with this one.
        """
        return self._first((*call.after, *call.data), fine)

    def _first(self, indexes: tuple[int, ...], fine: Collection[int] = ()) -> int | None:
        for index in indexes:
            if self._calls[index].after and self._calls[index].task is None:
                self._look_through_joint(index)
                if self._in_joint[index] is not None:
                    return self._in_joint[index]
            elif self._records[index].status not in _FINE and index not in fine:
                return index
        return None

    def _look_through_joint(self, index: int) -> None:
        """Find out, once for all, whether a call gathered by a joint or one before it failed."""
        joints = []
        while index not in self._in_joint:
            joints.append(index)
            first = self._calls[index].after[0]
            if self._calls[first].task is not None:
                break
            index = first
        for joint in reversed(joints):
            self._in_joint[joint] = self._first(self._calls[joint].after)


def run_error(run: Run, errors: list[BaseException]) -> RunError:
    """Return the error of a run in which something has failed, caused by the first of these."""
    told = [str(error) for error in errors]
    for status in (TaskStatus.CANCELLED, TaskStatus.SKIPPED):
        names = [name for name, task in run.tasks.items() if task.status is status]
        told += [f"{status.lower()}: {', '.join(names)}"] if names else []
    told += [f"staging kept: {job.staging}" for job in run.jobs]
    failure = RunError("\n  ".join([f"Pipeline {run.pipeline!r} failed.", *told]), run=run)
    failure.__cause__ = errors[0]
    return failure
