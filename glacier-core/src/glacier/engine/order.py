"""Which calls become ready when others have ended."""

from collections.abc import Sequence

from glacier.pipeline.graph import Call


class Order:
    """Counts, for every call, what it still has to wait for.

    Calls that travel together are carried out as one, in the name of the first of them: it waits
    for what any of them needs, and whoever needs any of them waits for it.

    Args:
        calls: All calls, each after whatever it needs.
        groups: The calls that travel together.

    Attributes:
        groups: The calls that travel together, by the first of them.
    """

    def __init__(self, calls: Sequence[Call], groups: Sequence[tuple[int, ...]] = ()) -> None:
        self.groups = {group[0]: group for group in groups}
        first_of = {member: group[0] for group in groups for member in group}
        self._waiting = [0] * len(calls)
        self._children: list[list[int] | None] = [None] * len(calls)
        for call in calls:
            for index in (*call.data, *call.after):
                self._add(first_of.get(index, index), first_of.get(call.index, call.index))
        self._led = {member for member, first in first_of.items() if member != first}

    def first(self) -> list[int]:
        """Return the calls that wait for nothing."""
        return [i for i, count in enumerate(self._waiting) if count == 0 and i not in self._led]

    def done(self, index: int) -> list[int]:
        """Note that a call has ended and return those that are ready now."""
        ready = []
        for child in self._children[index] or ():
            self._waiting[child] -= 1
            if self._waiting[child] == 0:
                ready.append(child)
        return ready

    def _add(self, needed: int, index: int) -> None:
        if needed == index:
            return  # both in one group
        self._waiting[index] += 1
        children = self._children[needed]
        if children is None:
            self._children[needed] = [index]
        else:
            children.append(index)
