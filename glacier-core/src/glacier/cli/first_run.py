"""Which of the runs that go on is the one to show."""

import threading

from glacier.engine import Run


class FirstRun:
    """The first run that the thread starts which has made this.

    What other threads start is shown, if at all, by blocks of their own, and what a task starts is
    a part of that task.

    Attributes:
        run: The run; None until it starts.
    """

    def __init__(self) -> None:
        self.run: Run | None = None
        self._thread = threading.get_ident()

    def is_taken(self, run: Run) -> bool:
        """Take a run that starts, if it is the one, and return whether it is."""
        is_it = self.run is None and threading.get_ident() == self._thread
        if is_it:
            self.run = run
        return is_it
