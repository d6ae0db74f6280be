"""One submission starts one batch, though the answer to its request is lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.synapse.spark import SparkClient
from azure.synapse.spark.models import SparkBatchJob, SparkScheduler

from glacier import Executor, Provider
from glacier.config import AzureConfig, SynapseConfig
from glacier.errors import JobConnectionError
from glacier.job_status import JobStatus
from glacier_azure.executor import SynapseAdapter
from glacier_azure.job.start import _is_past, start_batch
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.executors.jobs import LIMIT_SECONDS, written
from tests.executors.silence_cases import SilenceOnExecutors
from tests.glacier_azure.synapse import asked_of_synapse, batches_of, command, synapse_executor
from tests.rigs.azure.server import AzureServer
from tests.rigs.proxy import Answer, Exchange, Proxy, reset_response


def client_of(executor: Executor) -> SparkClient:
    adapter = executor.adapter
    assert isinstance(adapter, SynapseAdapter)
    return adapter._client


def tell_of_none(exchange: Exchange) -> None:
    """Answer that a pool has no batches."""
    exchange.read()
    body = b'{"from": 0, "total": 0, "sessions": []}'
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    exchange.send(Answer(200, headers, body))


def options(token: str) -> dict[str, object]:
    """Return a batch whose file is not there: it fails at once."""
    sizes = {"driverMemory": "28g", "driverCores": 4, "executorMemory": "28g", "executorCores": 4}
    return {"name": token, "file": "abfss://x@y/z.py", "tags": {"glacier-token": token}, **sizes}


@pytest.mark.parametrize("how", ["drop", "500"])
def test_batch_whose_answer_was_lost_is_found_again(
    azure: AzureServer, tmp_path: Path, how: str
) -> None:
    executor = synapse_executor(azure)
    for number in range(25):  # so that it is not on the first page's end
        start_batch(client_of(executor), options(f"other-{number}"), "x", patience_seconds=1)
    command(azure, "lose", how)
    asked_of_synapse(azure)

    job_id = executor.submit_job(written(tmp_path, "print('hello')"))
    asked = asked_of_synapse(azure)

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert job_id == "25"
    assert (asked.count("POST"), asked.count("GET")) == (1, 1)


@pytest.mark.parametrize("status", ["429", "503"])
def test_batch_is_submitted_again_where_none_was(
    azure: AzureServer, tmp_path: Path, status: str
) -> None:
    executor = synapse_executor(azure)
    command(azure, "refuse", status)
    asked_of_synapse(azure)

    job_id = executor.submit_job(written(tmp_path, "print('hello')"))
    asked = asked_of_synapse(azure)

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert len(batches_of(azure, executor)) == 1
    assert asked.count("POST") == 2
    assert asked.count("GET") == (0 if status == "429" else 3)


def test_batch_is_found_by_its_arguments_where_tags_are_not_told(azure: AzureServer) -> None:
    executor = synapse_executor(azure)
    wanted = {**options("a"), "tags": None, "args": ["--glacier-token", "a"]}
    command(azure, "lose", "drop")

    number = start_batch(client_of(executor), wanted, "a", patience_seconds=5)

    assert [batch["id"] for batch in batches_of(azure, executor)] == [number]


def test_batch_that_comes_late_is_not_started_twice(azure: AzureServer) -> None:
    executor = synapse_executor(azure)
    assert isinstance(executor.config, SynapseConfig)
    with Proxy(azure.endpoint) as proxy:
        place = f"{proxy.endpoint}/synapse/{executor.config.workspace}"
        config = executor.config.model_copy(update={"endpoint": place})
        behind = Provider(config=azure.config()).executor("etl", config=config)
        proxy.on(reset_response, method="POST", times=1)
        proxy.on(tell_of_none, method="GET", times=3)

        number = start_batch(client_of(behind), options("a"), "a", patience_seconds=5)

    assert [batch["id"] for batch in batches_of(azure, executor)] == [number]


def test_refusal_is_not_tried_again(azure: AzureServer) -> None:
    executor = synapse_executor(azure)
    command(azure, "refuse", "400")
    asked_of_synapse(azure)

    with pytest.raises(HttpResponseError, match="told to refuse this"):
        start_batch(client_of(executor), options("a"), "a", patience_seconds=5)

    assert asked_of_synapse(azure) == ["POST"]


def test_busy_synapse_is_an_error_in_the_end(azure: AzureServer, tmp_path: Path) -> None:
    executor = synapse_executor(azure)
    adapter = executor.adapter
    assert isinstance(adapter, SynapseAdapter)
    adapter.patience_seconds = 0.0
    command(azure, "refuse", "429")

    with pytest.raises(
        JobConnectionError, match=r"try again later\..*its tag glacier-token is [0-9a-f]+"
    ):
        executor.submit_job(written(tmp_path, "pass"))

    assert batches_of(azure, executor) == []


def test_batches_that_can_not_be_looked_through_leave_the_lost_answer(
    azure: AzureServer, tmp_path: Path
) -> None:
    executor = synapse_executor(azure)
    assert isinstance(executor.config, SynapseConfig)
    with Proxy(azure.endpoint) as proxy:
        place = f"{proxy.endpoint}/synapse/{executor.config.workspace}"
        config = executor.config.model_copy(update={"endpoint": place})
        behind = Provider(config=azure.config(max_retries=0)).executor("etl", config=config)
        proxy.on(lambda exchange: exchange.reset(), method="POST")
        proxy.on(lambda exchange: exchange.reset(), method="GET")

        with pytest.raises(JobConnectionError, match="its tag glacier-token is ") as failure:
            behind.submit_job(written(tmp_path, "pass"))

    cause = failure.value.__cause__
    assert isinstance(cause, JobConnectionError)
    assert cause.__cause__ is not None
    assert cause.__cause__.__cause__ is not None


class TestSilence(SilenceOnExecutors):
    job_id = "1"
    silence = "since Azure does not answer for the Spark pool"

    @pytest.fixture
    def unreachable(self, azure: AzureServer) -> Executor:
        config = AzureConfig(
            resource_group="group",
            storage_account="account",
            account_key=DEVELOPMENT_KEY,
            max_retries=0,
        )
        synapse = SynapseConfig(workspace="ws", spark_pool="etl", endpoint="http://127.0.0.1:9")
        return Provider(config=config, staging="staging").executor("etl", config=synapse)


@pytest.mark.parametrize(("ids", "is_past"), [((9, 8), True), ((8, 9), False)])
def test_search_goes_on_after_old_batches_where_the_oldest_come_first(
    ids: tuple[int, int], *, is_past: bool
) -> None:
    now = datetime.now(UTC)
    old = SparkScheduler(submitted_at=now - timedelta(days=1))
    page = [SparkBatchJob(id=number, scheduler=old) for number in ids]

    assert _is_past(page, now) is is_past
