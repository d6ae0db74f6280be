"""The engine: executes a graph and fuses its writes."""

from glacier.engine.result import Run, RunStatus, TaskRun, TaskStatus

__all__ = ["Run", "RunStatus", "TaskRun", "TaskStatus"]
