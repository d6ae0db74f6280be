"""One submission starts one job, though the answer to its request is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.config import DataprocConfig
from glacier.errors import JobConnectionError, JobError
from glacier.job_status import JobStatus
from glacier_gcp.executor import DataprocAdapter
from tests.executors.jobs import LIMIT_SECONDS, written
from tests.executors.silence_cases import SilenceOnExecutors
from tests.glacier_gcp.dataproc import (
    batch_executor,
    batches_of,
    cluster_executor,
    jobs_of,
)
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Fault, Proxy, drop, error, reset_response

SUBMISSIONS = r"/jobs:submit$|/batches$"


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    with Proxy(gcp_server.endpoint) as proxy:
        yield proxy


def behind(proxy: Proxy, server: GcpServer, executor: Executor) -> Executor:
    """Return an executor as it is seen through a proxy."""
    config = server.config(endpoint=proxy.endpoint, retry_timeout_seconds=0.01)
    return Provider(config=config).executor(executor.name, config=executor.config)


def submissions(proxy: Proxy) -> int:
    """Return how often a job was submitted through a proxy."""
    ends = ("/jobs:submit", "/batches")
    return sum(one.method == "POST" and one.path.endswith(ends) for one in proxy.requests)


@pytest.mark.parametrize("fault", [drop, reset_response], ids=["drop", "reset"])
def test_job_whose_answer_was_lost_is_started_once(
    gcp_server: GcpServer, proxy: Proxy, tmp_path: Path, fault: Fault
) -> None:
    executor = cluster_executor(gcp_server, content=[])
    proxy.on(fault, method="POST", path=SUBMISSIONS, times=1)

    job_id = behind(proxy, gcp_server, executor).submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert [job["reference"]["jobId"] for job in jobs_of(gcp_server, executor)] == [job_id]
    assert executor.get_job_logs(job_id) == "hello\n"
    assert submissions(proxy) == 2


def test_batch_whose_answer_was_lost_is_started_once(
    gcp_server: GcpServer, proxy: Proxy, tmp_path: Path
) -> None:
    executor = batch_executor(gcp_server)
    before = len(batches_of(gcp_server))
    proxy.on(drop, method="POST", path=SUBMISSIONS, times=1)

    job_id = behind(proxy, gcp_server, executor).submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert batches_of(gcp_server)[before:] == [job_id]
    assert submissions(proxy) == 2


@pytest.mark.parametrize("make", [cluster_executor, batch_executor])
def test_job_is_known_by_its_id_where_the_requests_id_was_forgotten(
    gcp_server: GcpServer,
    proxy: Proxy,
    tmp_path: Path,
    make: Callable[..., Executor],
) -> None:
    executor = make(gcp_server)
    proxy.on(drop, method="POST", path=SUBMISSIONS, times=1)
    proxy.on(error(409, "ALREADY_EXISTS"), method="POST", path=SUBMISSIONS)

    job_id = behind(proxy, gcp_server, executor).submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


@pytest.mark.parametrize("make", [cluster_executor, batch_executor])
def test_conflict_with_something_else_is_no_start(
    gcp_server: GcpServer,
    proxy: Proxy,
    tmp_path: Path,
    make: Callable[..., Executor],
) -> None:
    executor = make(gcp_server)
    proxy.on(error(409, "ABORTED"), method="POST", path=SUBMISSIONS)

    with pytest.raises(JobError, match=r"can't be started on .*ABORTED"):
        behind(proxy, gcp_server, executor).submit_job(written(tmp_path, "print('hello')"))


@pytest.mark.parametrize("status", [429, 503])
def test_job_is_submitted_again_where_google_is_busy(
    gcp_server: GcpServer, proxy: Proxy, tmp_path: Path, status: int
) -> None:
    executor = batch_executor(gcp_server)
    proxy.on(error(status, "BUSY"), method="POST", path=SUBMISSIONS, times=1)

    job_id = behind(proxy, gcp_server, executor).submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert submissions(proxy) == 2


def test_refusal_is_not_tried_again(gcp_server: GcpServer, proxy: Proxy, tmp_path: Path) -> None:
    executor = batch_executor(gcp_server)
    proxy.on(error(400, "FAILED_PRECONDITION"), method="POST", path=SUBMISSIONS)

    with pytest.raises(JobError, match=r"can't be started on Dataproc's serverless batches in eur"):
        behind(proxy, gcp_server, executor).submit_job(written(tmp_path, "pass"))

    assert submissions(proxy) == 1


def test_busy_dataproc_is_an_error_in_the_end_that_names_the_job(
    gcp_server: GcpServer, proxy: Proxy, tmp_path: Path
) -> None:
    executor = behind(proxy, gcp_server, batch_executor(gcp_server))
    adapter = executor.adapter
    assert isinstance(adapter, DataprocAdapter)
    adapter.patience_seconds = 0.01
    proxy.on(error(503, "BUSY"), method="POST", path=SUBMISSIONS)

    with pytest.raises(
        JobConnectionError, match=r"try again later\. .*the same, its id is job-[0-9a-f]{16}\."
    ):
        executor.submit_job(written(tmp_path, "pass"))


class TestSilence(SilenceOnExecutors):
    job_id = "job-1"
    silence = "since Google Cloud does not answer for "

    @pytest.fixture(params=[False, True], ids=["cluster", "batches"])
    def unreachable(self, request: pytest.FixtureRequest, gcp_server: GcpServer) -> Executor:
        config = gcp_server.config(endpoint="http://127.0.0.1:9", retry_timeout_seconds=0.01)
        dataproc = DataprocConfig(serverless=request.param)
        return Provider(config=config, staging="staging").executor("etl", config=dataproc)
