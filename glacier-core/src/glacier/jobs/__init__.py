"""Jobs: how a function or a task travels to an executor, and what comes back."""

from glacier.job_status import JobStatus
from glacier.jobs.definition import JobDefinition, JobResult

__all__ = ["JobDefinition", "JobResult", "JobStatus"]
