"""Tells the observers of plugins what happens in a run."""

import logging
from typing import TYPE_CHECKING

from glacier.plugins import Plugins, load_plugins

if TYPE_CHECKING:
    from glacier.engine.result import Run, TaskRun

logger = logging.getLogger("glacier")


class Events:
    """The observers of one run. An observer that raises is logged and does no harm.

    Args:
        run: The run that is observed.
        plugins: Where observers come from; the installed plugins where None.

    Attributes:
        observes_tasks: Whether any observer wants to know of tasks.
    """

    def __init__(self, run: "Run", plugins: Plugins | None = None) -> None:
        self._run = run
        self._is_over = False
        self._plugins = load_plugins() if plugins is None else plugins
        self.observes_tasks = self._plugins.has_observers(
            "glacier_task_started"
        ) or self._plugins.has_observers("glacier_task_finished")

    def run_started(self) -> None:
        """Tell that the run begins."""
        self._tell("glacier_run_started")

    def task_started(self, task: "TaskRun") -> None:
        """Tell that a task's body begins."""
        self._tell("glacier_task_started", task=task)

    def task_finished(self, task: "TaskRun") -> None:
        """Tell that a task has succeeded with all its writes, failed, or been skipped."""
        if self.observes_tasks:
            self._tell("glacier_task_finished", task=task)

    def run_finished(self) -> None:
        """Tell that the run is over; what an abandoned body does later is told to nobody."""
        self._tell("glacier_run_finished")
        self._is_over = True

    def _tell(self, hook: str, **details: object) -> None:
        if self._is_over:
            return
        for name, error in self._plugins.tell(hook, run=self._run, **details):
            logger.warning("The plugin %r failed in %s: %r", name, hook, error, exc_info=error)
