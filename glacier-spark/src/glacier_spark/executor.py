"""Jobs on an open Spark: each a driver that `spark-submit` starts."""

import os
from typing import TYPE_CHECKING, ClassVar, Literal

from glacier.adapters import ExecutorAdapter, LogChunk, ScriptJob
from glacier.job_status import JobStatus
from glacier.jobs.process import ProcessJobs, jobs_directory
from glacier_spark.config import SparkConfig
from glacier_spark.installation import check_java, find_spark
from glacier_spark.submit import check_master, submit_command, submit_environment

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Executor


class SparkExecutorAdapter(ExecutorAdapter):
    """Runs jobs through `spark-submit`, each as a process of this machine.

    The process is the driver, or waits for it in `cluster` mode; its directory lies where those of
    local jobs lie, so any process that sees it can ask for the job.

    Attributes:
        grace_seconds: How long a cancelled job has to end by itself before it is killed.
    """

    engine: ClassVar[Literal["python", "spark"]] = "spark"
    grace_seconds: float = 5.0

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        config = resource.config
        self._config = config if isinstance(config, SparkConfig) else SparkConfig()
        usual = 1 if self._config.master.startswith("local") else None
        self._jobs = ProcessJobs(
            jobs_directory(resource, provider),
            most_at_once=self._config.max_concurrent_jobs or usual,
        )

    @property
    def keeps_identity(self) -> bool:
        """Whether jobs run as whoever submits them: drivers that are processes of this machine."""
        return self._config.deploy_mode == "client"

    def submit_job(self, job: ScriptJob) -> str:
        """Start `spark-submit` for a job, in the working directory of this process.

        A job's environment reaches it as variables; it is on no command line and in no file.

        Raises:
            JobError: There is no Java, `SPARK_HOME` leads to no Spark, the standalone master does
                not answer, or the script is none that Spark takes for Python.
            MissingPackageError: There is no Spark.
        """
        seen = {**os.environ, **job.environment}
        spark = find_spark(seen)
        check_java(seen)
        command = submit_command(spark, self._config, job)
        check_master(self._config.master)
        environment = submit_environment(spark, self._config, job, os.environ)
        return self._jobs.start(command, environment, job_id=job.token)

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a job; one that was killed from outside is FAILED."""
        return self._jobs.status(job_id)

    def cancel_job(self, job_id: str) -> None:
        """End a job's driver with all its processes; returns when they are gone.

        They are asked to end first, and killed after `grace_seconds`. The cluster ends the
        executors of a driver that is gone.
        """
        self._jobs.cancel(job_id, self.grace_seconds)

    def get_job_logs(self, job_id: str) -> str:
        """Return what the driver has printed so far, Spark's warnings and errors among it."""
        return self._jobs.log(job_id)

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what the driver has printed since a cursor, at most 1 MiB of it."""
        return self._jobs.read_log(job_id, cursor)
