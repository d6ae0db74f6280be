"""The engine: executes a graph and fuses its writes."""

from glacier.engine.result import JobRun, Run, RunStatus, TaskRun, TaskStatus

__all__ = ["JobRun", "Run", "RunStatus", "TaskRun", "TaskStatus"]
