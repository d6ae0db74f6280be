"""From a job's definition to a running job, and from an ended job to its result."""

from typing import TYPE_CHECKING

from glacier.adapters import ScriptJob
from glacier.errors import JobDiedError, JobError
from glacier.job_status import JobStatus
from glacier.jobs.definition import JobDefinition, JobResult
from glacier.jobs.staging import discarded_on_failure, new_place, prepared_staging
from glacier.known_secrets import check_no_secret

if TYPE_CHECKING:
    from glacier.adapters import ExecutorAdapter
    from glacier.resources import Bucket, Executor

_LAST_LINES = 20


def submit(executor: "Executor", job: object) -> "tuple[str, Bucket | None]":
    """Submit a job; return its id and, for a function, the place through which it travels.

    Raises:
        JobError: The job is none, or can't be packed or submitted. Nothing is left in staging.
        PackageError: What the function needs can't travel, or a script's argument is a secret.
    """
    definition = JobDefinition.of(job)
    if definition.script is not None:
        return executor.adapter.submit_job(_script_job(definition)), None
    executor.adapter.check_runtime()
    place = new_place(prepared_staging(executor.provider))
    with discarded_on_failure(place):
        return executor.adapter.submit_job(_function_job(executor, definition, place)), place


def result_of(
    adapter: "ExecutorAdapter", job_id: str, status: JobStatus, place: "Bucket | None"
) -> JobResult:
    """Return what an ended job has left; for a script that is its status alone.

    Raises:
        RemoteError: What the job's function raised.
        JobError: The job has not ended, was cancelled, or died without a result.
    """
    if not status.is_final:
        raise JobError(
            f"The job {job_id} is {status} and has no result yet. Wait for its end first: "
            f"executor.wait({job_id!r}).",
            job_id=job_id,
        )
    if place is None:
        return JobResult(job_id, status)
    if status is JobStatus.CANCELLED:
        raise JobError(
            f"The job {job_id} was cancelled and has no result. What it was sent lies in "
            f"{place.get_uri()}.",
            job_id=job_id,
            place=place.get_uri(),
        )
    from glacier.jobs.result import read_result

    outcome = read_result(place)
    if outcome is None:
        raise died(adapter, job_id, status, place)
    if outcome.error is not None:
        outcome.error.add_note(f"What the job was sent and has left lies in {place.get_uri()}.")
        raise outcome.error
    return JobResult(job_id, JobStatus.SUCCEEDED, outcome.value, outcome.duration_seconds, place)


def _script_job(definition: JobDefinition) -> ScriptJob:
    assert definition.script is not None
    for argument in map(str, definition.args):  # they stand on a command line, and in logs
        check_no_secret("An argument of the job's script", argument.encode(errors="surrogatepass"))
    return ScriptJob(
        script=definition.script.absolute(),
        args=tuple(str(argument) for argument in definition.args),
        environment=definition.environment,
        name=definition.display_name,
    )


def _function_job(executor: "Executor", definition: JobDefinition, place: "Bucket") -> ScriptJob:
    from glacier.jobs.call import CALL_MAIN, Call
    from glacier.jobs.package import ENTRYPOINT, write_package

    assert definition.function is not None
    work = Call(definition.function, definition.args, definition.kwargs)
    adapter = executor.adapter
    package = write_package(
        place,
        work,
        CALL_MAIN,
        engine=adapter.engine,
        remote_python=adapter.python,
        keeps_identity=adapter.keeps_identity,
    )
    return ScriptJob(
        script=ENTRYPOINT,
        args=package.args,
        environment=definition.environment,
        requirements=package.requirements,
        name=definition.display_name,
    )


def died(
    adapter: "ExecutorAdapter", job_id: str, status: JobStatus, place: "Bucket"
) -> JobDiedError:
    """Return the error of a job that ended without having written a result."""
    try:
        lines = adapter.get_job_logs(job_id).splitlines()[-_LAST_LINES:]
    except (OSError, JobError) as error:  # the job has died for all that
        lines = [str(error)]
    log = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
    return JobDiedError(
        f"The job {job_id} ended without a result ({status}): its process was killed, crashed or "
        f"left by itself. What it was sent lies in {place.get_uri()}. The end of its log:\n{log}",
        job_id=job_id,
        place=place.get_uri(),
    )
