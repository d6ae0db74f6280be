"""Jobs on Synapse: their batches, logs and states, and how they are stopped."""

import logging
import os
import re
import traceback
from pathlib import Path
from uuid import uuid4

import pytest

from glacier import Provider
from glacier.config import SynapseConfig
from glacier.errors import ConfigError, JobError, PackageError
from glacier.job_status import JobStatus
from glacier_azure.executor import RESULTS, STATES
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.executors.jobs import LIMIT_SECONDS, ended, until, written
from tests.glacier_azure.blobs import refuse_by_url
from tests.glacier_azure.synapse import (
    asked_of_synapse,
    batches_of,
    command,
    executor_on,
    make_workspace,
    pool_of,
    put,
    requests_of,
    staged,
    synapse_executor,
)
from tests.rigs.azure.server import AzureServer
from tests.rigs.proxy import Proxy

HELLO = "print('hello')"
ENDLESS = """
    import os, threading
    print(f"pid {os.getpid()};")
    threading.Event().wait()
"""
SHOWING = """
    import os, sys
    print("to output")
    print("to error", file=sys.stderr)
    os.system("echo from a child")
    print(os.environ.get("OF_THE_CALLER"), os.getpid())
    try:
        import glacier
    except ImportError as error:
        print(error)
    print("ü" * 3)
"""


def test_batch_is_what_the_config_says(azure: AzureServer, tmp_path: Path) -> None:
    executor = synapse_executor(
        azure,
        node_size="Medium",
        num_executors=3,
        driver_memory="14g",
        overrides={"conf": {"spark.sql.shuffle.partitions": "8"}, "tags": {"team": "data"}},
    )

    job_id = executor.submit_job({"script": written(tmp_path, HELLO), "name": "nächtlich, 1"})

    (batch,) = batches_of(azure, executor)
    request = requests_of(batch)
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert job_id == str(batch["id"])
    assert re.fullmatch(r"n_chtlich__1_[0-9a-f]{16}", request["name"])
    assert (request["driverCores"], request["driverMemory"]) == (8, "14g")
    assert (request["executorCores"], request["executorMemory"]) == (8, "56g")
    assert request["numExecutors"] == 3
    assert request["conf"] == {"spark.sql.shuffle.partitions": "8"}
    assert request["tags"]["team"] == "data"
    assert all(uri.startswith("abfss://") for uri in [request["file"], *request["files"]])


def test_job_runs_nowhere_near_its_caller_and_its_log_has_all_it_prints(
    azure: AzureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "1")
    executor = synapse_executor(azure)

    _, log = ended(executor, written(tmp_path, SHOWING))

    *printed, where, missing, umlauts = log.splitlines()
    assert printed == ["to output", "to error", "from a child"]
    assert where.startswith("None ")
    assert not where.endswith(f" {os.getpid()}")
    assert (missing, umlauts) == ("No module named 'glacier'", "üüü")


def test_log_is_read_piece_by_piece_without_loss(azure: AzureServer, tmp_path: Path) -> None:
    source = "import time\nfor n in range(200):\n    print('ü', n)\n    time.sleep(0.005)\n"
    executor = synapse_executor(azure)
    job_id = executor.submit_job(written(tmp_path, source))
    text, cursor = "", ""

    def is_read() -> bool:
        nonlocal text, cursor
        has_ended = executor.get_job_status(job_id).is_final
        piece = executor.read_job_logs(job_id, cursor)
        text, cursor = text + piece.text, piece.cursor
        return has_ended and not piece.text

    assert until(is_read)
    assert text == "".join(f"ü {n}\n" for n in range(200))
    assert executor.get_job_logs(job_id) == text
    with pytest.raises(JobError, match="'seven' is no cursor of this log"):
        executor.read_job_logs(job_id, "seven")


def test_log_of_a_batch_that_never_began_is_what_synapse_says(
    azure: AzureServer, tmp_path: Path
) -> None:
    executor = synapse_executor(azure, content="no-such-package==1.0\n")

    status, log = ended(executor, written(tmp_path, HELLO))
    piece = executor.read_job_logs("0")

    assert status is JobStatus.FAILED
    assert log.startswith("Preparing abfss://glacier-staging@")
    assert "Synapse: Failed: LIVY_JOB_STATE_DEAD: InstallError: No matching distribution" in log
    assert piece.text == log
    assert executor.read_job_logs("0", piece.cursor).text == ""


def test_running_job_is_stopped_with_its_process(azure: AzureServer, tmp_path: Path) -> None:
    executor = synapse_executor(azure)
    job_id = executor.submit_job(written(tmp_path, ENDLESS))
    assert until(lambda: "pid" in executor.get_job_logs(job_id))
    found = re.search(r"pid (\d+);", executor.get_job_logs(job_id))
    assert found is not None

    other = executor_on(azure, _workspace(executor.config))  # as another process would
    other.cancel_job(job_id)
    status = other.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    asked_of_synapse(azure)
    other.cancel_job(job_id)

    assert status is JobStatus.CANCELLED
    assert not Path(f"/proc/{found[1]}").exists()
    assert "DELETE" not in asked_of_synapse(azure)


def test_job_beyond_the_pools_room_is_pending_and_can_be_stopped_there(
    azure: AzureServer, tmp_path: Path
) -> None:
    executor = synapse_executor(azure, nodes=3)
    first = executor.submit_job(written(tmp_path, ENDLESS))
    second = executor.submit_job(written(tmp_path, HELLO, "second.py"))

    waiting = executor.get_job_status(second)
    executor.cancel_job(second)
    stopped = executor.wait(second, timeout_seconds=LIMIT_SECONDS)
    executor.cancel_job(first)

    assert (waiting, stopped) == (JobStatus.PENDING, JobStatus.CANCELLED)


def test_job_that_no_pool_of_that_size_can_run_is_refused(
    azure: AzureServer, tmp_path: Path
) -> None:
    executor = synapse_executor(azure, nodes=3, num_executors=9)

    with pytest.raises(JobError, match=r"can't be started on the Spark pool 'etl' .* 40 vcores"):
        executor.submit_job(written(tmp_path, HELLO))


def test_state_that_nobody_knows_is_running_and_told_once(
    azure: AzureServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    executor = synapse_executor(azure)
    job_id = executor.submit_job(written(tmp_path, ENDLESS))
    caplog.set_level(logging.WARNING)

    assert until(lambda: executor.get_job_status(job_id) is JobStatus.RUNNING)
    command(azure, "state", _workspace(executor.config), "etl", job_id, "hibernating")
    found = [executor.get_job_status(job_id) for _ in range(3)]
    command(azure, "state", _workspace(executor.config), "etl", job_id, "running")
    executor.cancel_job(job_id)

    assert found == [JobStatus.RUNNING] * 3
    told = [record.message for record in caplog.records if "hibernating" in record.message]
    assert told == [f"Synapse says that the batch {job_id} is hibernating; taken for RUNNING."]


def test_every_state_of_the_sdk_is_known() -> None:
    from azure.synapse.spark.models import LivyStates, SparkBatchJobResultType

    states, results = (one.__members__ for one in (LivyStates, SparkBatchJobResultType))
    assert {str(state.value) for state in states.values()} == STATES.keys()
    assert {str(one.value) for one in results.values()} - {"Uncertain"} == RESULTS.keys()


@pytest.mark.parametrize("where", ["script", "environment", "overrides"])
def test_secret_is_refused_before_a_batch_is_submitted(
    azure: AzureServer, tmp_path: Path, where: str
) -> None:
    source = f"key = {DEVELOPMENT_KEY!r}" if where == "script" else HELLO
    environment = {"KEY": DEVELOPMENT_KEY} if where == "environment" else {}
    conf = {"conf": {"spark.key": DEVELOPMENT_KEY}} if where == "overrides" else {}
    executor = synapse_executor(azure, overrides=conf)

    with pytest.raises(PackageError, match="holds the secret AzureConfig"):
        executor.submit_job({"script": written(tmp_path, source), "environment": environment})

    assert batches_of(azure, executor) == []
    assert not any(DEVELOPMENT_KEY.encode() in content for content in staged(azure).values())


def test_deploy_makes_the_pool_with_its_libraries(azure: AzureServer) -> None:
    workspace = _new_workspace(azure)
    provider = Provider(config=azure.config(), tags={"team": "data"})
    executor = executor_on(
        azure, workspace, provider, max_node_count=9, packages=["duckdb==1.2.3", "polars==2.1.0"]
    )

    executor.deploy()
    azure.requests(forget=True)
    executor.deploy()

    pool = pool_of(azure, executor)
    libraries = pool["properties"]["libraryRequirements"]
    lines = libraries["content"].splitlines()
    assert (pool["location"], pool["tags"]) == ("westeurope", {"team": "data"})
    assert pool["properties"]["sparkVersion"] == "3.5"
    assert pool["properties"]["autoPause"] == {"enabled": True, "delayInMinutes": 15}
    scale = {"enabled": True, "minNodeCount": 3, "maxNodeCount": 9}
    assert pool["properties"]["autoScale"] == scale
    assert libraries["filename"] == "requirements.txt"
    assert {"duckdb==1.2.3", "polars==2.1.0"} <= set(lines)
    assert any(line.startswith("adlfs==") for line in lines)
    assert sum(line.startswith("polars") for line in lines) == 1
    assert not any(line.startswith("glacier") for line in lines)
    assert "PUT" not in {one["method"] for one in azure.requests()}


def test_deploy_updates_a_pool_that_differs(azure: AzureServer) -> None:
    workspace = _new_workspace(azure)
    executor_on(azure, workspace, idle_minutes=None).deploy()

    second = executor_on(
        azure,
        workspace,
        node_size="Large",
        node_count=5,
        overrides={"pool": {"sessionLevelPackagesEnabled": True}},
    )
    second.deploy()

    properties = pool_of(azure, second)["properties"]
    assert (properties["nodeSize"], properties["nodeCount"]) == ("Large", 5)
    assert properties["autoPause"] == {"enabled": True, "delayInMinutes": 15}
    assert properties["sessionLevelPackagesEnabled"] is True


def test_deploy_keeps_what_others_have_set_of_a_pool(azure: AzureServer) -> None:
    executor = synapse_executor(azure)
    before = pool_of(azure, executor)
    own = {"customLibraries": [{"name": "own.whl"}], "provisioningState": "Succeeded"}
    properties = {**before["properties"], **own}
    put(azure, before["id"], {**before, "tags": {"of": "others"}, "properties": properties})

    executor.deploy()
    azure.requests(forget=True)
    executor.deploy()

    pool = pool_of(azure, executor)
    assert pool["tags"] == {"of": "others"}
    assert pool["properties"]["customLibraries"] == [{"name": "own.whl"}]
    assert "PUT" not in {one["method"] for one in azure.requests()}


def test_deploy_in_a_missing_resource_group_names_it(azure: AzureServer) -> None:
    provider = Provider(config=azure.config(resource_group="nowhere"))

    with pytest.raises(ConfigError, match="has no resource group 'nowhere'"):
        executor_on(azure, "no-workspace", provider).deploy()


def test_deploy_without_a_workspace_says_who_makes_it(azure: AzureServer) -> None:
    executor = executor_on(azure, "nowhere")

    with pytest.raises(JobError, match=r"no Synapse workspace 'nowhere'.* by Terraform: provider"):
        executor.deploy()


def test_deploy_without_a_subscription_names_it(azure: AzureServer) -> None:
    provider = Provider(config=azure.config(subscription_id=None))

    with pytest.raises(ConfigError, match=r"AzureConfig\(subscription_id=\.\.\.\)"):
        executor_on(azure, "nowhere", provider).deploy()


def test_missing_pool_is_an_error_that_says_what_to_do(azure: AzureServer, tmp_path: Path) -> None:
    executor = executor_on(azure, _new_workspace(azure))

    with pytest.raises(JobError, match=r"pool etl could not be found\..*by executor\.deploy\(\)"):
        executor.submit_job(written(tmp_path, HELLO))
    with pytest.raises(JobError, match=r"'etl' of the workspace .*by executor\.deploy\(\)"):
        executor.submit_job(os.getcwd)


def test_missing_role_is_an_error_that_names_it(azure: AzureServer, tmp_path: Path) -> None:
    executor = synapse_executor(azure)
    command(azure, "forbid", _workspace(executor.config))

    with pytest.raises(JobError, match=r"useCompute/action\..*role Synapse Compute Operator"):
        executor.submit_job(written(tmp_path, HELLO))


def test_key_of_the_storage_account_is_no_identity_for_synapse(
    azure: AzureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = synapse_executor(azure)
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")

    with pytest.raises(JobError, match="key is no identity for Synapse"):
        executor.submit_job(written(tmp_path, HELLO))


def _new_workspace(server: AzureServer) -> str:
    name = f"ws-{uuid4().hex[:12]}"
    make_workspace(server, name)
    return name


def _workspace(config: object) -> str:
    assert isinstance(config, SynapseConfig)
    return config.workspace


def test_signature_is_not_repeated_where_a_log_can_not_be_read(
    azure: AzureServer, tmp_path: Path
) -> None:
    executor = synapse_executor(azure)
    job_id = executor.submit_job(written(tmp_path, HELLO))
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    assert isinstance(executor.config, SynapseConfig)
    signature = azure.azurite.signature()
    with Proxy(azure.azurite.endpoint) as proxy:
        config = azure.config(account_key=None, sas_token=signature, endpoint=proxy.endpoint)
        proxy.on(refuse_by_url, method="GET")
        other = Provider(config=config).executor("etl", config=executor.config)

        with pytest.raises(JobError, match=r"No way to .*sig=\(hidden\)") as caught:
            other.get_job_logs(job_id)

    text = "".join(traceback.format_exception(caught.value))
    assert signature.partition("sig=")[2] not in text
