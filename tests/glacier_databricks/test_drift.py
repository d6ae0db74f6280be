"""Databricks' jobs that stand for executors: deployed, changed behind Glacier's back, found out."""

from collections.abc import Callable
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service import compute, jobs
from databricks.sdk.service.workspace import ImportFormat

from glacier import Provider
from glacier.errors import JobError, PackageError
from glacier_databricks.job.definition import probe_file
from tests.glacier_databricks.databricks import client, executor_on
from tests.rigs.databricks.server import VOLUME, DatabricksWorkspace

CLUSTER_FIELDS: dict[str, Any] = {
    "spark_version": "16.4.x-scala2.12",
    "node_type_id": "m5d.xlarge",
    "num_workers": 1,
}
CLUSTER = "job_clusters.glacier.new_cluster"
Change = Callable[[jobs.JobSettings], None]


def job_in(workspace: DatabricksWorkspace) -> jobs.Job:
    """Return the only job of a workspace, as the SDK tells of it."""
    (found,) = client(workspace).jobs.list()
    assert found.job_id is not None
    return client(workspace).jobs.get(found.job_id)


def change(workspace: DatabricksWorkspace, how: Change) -> None:
    """Change the only job of a workspace by Databricks' own SDK."""
    job = job_in(workspace)
    assert job.job_id is not None
    how(settings_of(job))
    client(workspace).jobs.update(job.job_id, new_settings=job.settings)


def cluster_of(settings: jobs.JobSettings) -> Any:  # Any: a type of another service
    assert settings.job_clusters is not None
    return settings.job_clusters[0].new_cluster


def settings_of(job: jobs.Job) -> jobs.JobSettings:
    assert job.settings is not None
    return job.settings


def names_in(workspace: DatabricksWorkspace) -> list[str]:
    """Return the names of all jobs."""
    return [str(job.settings and job.settings.name) for job in client(workspace).jobs.list()]


def file_of(job: jobs.Job) -> str:
    (task,) = settings_of(job).tasks or []
    assert task.spark_python_task is not None
    return task.spark_python_task.python_file.removeprefix("/Workspace")


def create(entry: WorkspaceClient, name: str, task: dict[str, Any]) -> int:
    """Create a job as somebody else does, on a cluster like that of the first."""
    clusters = [{"job_cluster_key": "glacier", "new_cluster": CLUSTER_FIELDS}]
    body = {"name": name, "tasks": [task], "job_clusters": clusters}
    made: Any = entry.api_client.do("POST", "/api/2.2/jobs/create", body=body)
    number: int = made["job_id"]
    return number


def more_workers(settings: jobs.JobSettings) -> None:
    cluster_of(settings).num_workers = 9


def another_machine(settings: jobs.JobSettings) -> None:
    cluster_of(settings).node_type_id = "r5.xlarge"


def retries(settings: jobs.JobSettings) -> None:
    assert settings.tasks is not None
    settings.tasks[0].max_retries = 3


def another_tag(settings: jobs.JobSettings) -> None:
    settings.tags = {"team": "somebody's"}


def a_timeout(settings: jobs.JobSettings) -> None:
    settings.timeout_seconds = 60


def an_init_script(settings: jobs.JobSettings) -> None:
    script = {"workspace": {"destination": "/Shared/x.sh"}}
    cluster_of(settings).init_scripts = [compute.InitScriptInfo.from_dict(script)]


def a_library(settings: jobs.JobSettings) -> None:
    assert settings.tasks is not None
    index = compute.PythonPyPiLibrary("x", repo="https://u:password@index")
    settings.tasks[0].libraries = [compute.Library(pypi=index)]


def a_variable(settings: jobs.JobSettings) -> None:
    cluster_of(settings).spark_env_vars = {"STAGE": "a secret of somebody"}


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (more_workers, f"{CLUSTER}.num_workers is 9 and should be 2"),
        (
            another_machine,
            f"{CLUSTER}.node_type_id is 'r5.xlarge' and should be 'm5.xlarge'",
        ),
        (retries, "tasks.glacier.max_retries is 3 and should be 0"),
        (another_tag, "tags.team is \"somebody's\" and should be 'data'"),
        (a_timeout, "timeout_seconds is 60 and should be 0"),
        (an_init_script, f"{CLUSTER}.init_scripts is 'another value' and should be None"),
        (a_library, "tasks.glacier.libraries is 'another value' and should be []"),
        (a_variable, f"{CLUSTER}.spark_env_vars.STAGE is 'another value' and should be 'test'"),
    ],
)
def test_job_that_somebody_changed_is_named_and_deployed_again(
    workspace: DatabricksWorkspace, provider: Provider, how: Change, says: str
) -> None:
    tagged = Provider(config=provider.config, tags={"team": "data"})
    executor_on(workspace, tagged, num_workers=2, environment={"STAGE": "test"})
    tagged.deploy()
    before = tagged.drift()
    change(workspace, how)

    found = [str(one) for one in tagged.drift()]

    assert before == ()
    assert found == [f"job 'etl': {says}"]
    assert [str(one) for one in tagged.deploy().changes] == found
    assert tagged.drift() == ()


def test_job_that_is_not_there_is_missing_and_made(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor_on(workspace, provider)

    assert [str(one) for one in provider.deploy().changes] == ["job 'etl' is missing"]
    assert provider.deploy().changes == ()
    assert job_in(workspace).settings is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"packages": ["tenacity==9.0.0"], "timeout_seconds": 600},
        {"min_workers": 1, "max_workers": 4},
        {"num_workers": 0},
        {"serverless": True, "volume": VOLUME, "packages": ["tenacity==9.0.0"]},
    ],
    ids=["packages", "scaling", "single-node", "serverless"],
)
def test_deployed_job_has_no_drift(
    workspace: DatabricksWorkspace, provider: Provider, fields: dict[str, Any]
) -> None:
    executor_on(workspace, provider, **fields)

    provider.deploy()

    assert provider.drift() == ()


def test_job_on_a_cluster_that_is_there_names_it(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    made: Any = client(workspace).clusters.create(**CLUSTER_FIELDS).response
    executor_on(workspace, provider, existing_cluster_id=made.cluster_id)

    provider.deploy()

    assert provider.drift() == ()


COMPUTE: list[dict[str, Any]] = [
    {"environment": {"STAGE": "test"}, "timeout_seconds": 60},
    {"serverless": True, "volume": VOLUME},
    {"min_workers": 1, "max_workers": 4, "spark_version": "15.4.x-scala2.12"},
]


@pytest.mark.parametrize("after", COMPUTE)
@pytest.mark.parametrize("before", COMPUTE)
def test_job_follows_its_config_from_one_compute_to_another(
    workspace: DatabricksWorkspace,
    provider: Provider,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    executor_on(workspace, provider, **before).deploy()
    now = Provider(config=provider.config)
    executor_on(workspace, now, **after)

    changes = now.deploy().changes

    assert bool(changes) == (before != after)
    assert now.drift() == ()
    settings = settings_of(job_in(workspace))
    assert bool(settings.job_clusters) == ("serverless" not in after)
    assert settings.timeout_seconds == after.get("timeout_seconds", 0)


def test_what_others_have_added_stays(workspace: DatabricksWorkspace, provider: Provider) -> None:
    def add(settings: jobs.JobSettings) -> None:
        settings.max_concurrent_runs = 5
        settings.tags = {"cost": "4711", "team": "data"}

    tagged = Provider(config=provider.config, tags={"team": "data"})
    executor_on(workspace, tagged)
    tagged.deploy()
    change(workspace, add)

    before = tagged.drift()
    change(workspace, more_workers)
    tagged.deploy()

    settings = settings_of(job_in(workspace))
    assert before == tagged.drift() == ()
    assert settings.max_concurrent_runs == 5
    assert settings.tags == {"cost": "4711", "team": "data"}


def test_file_that_somebody_changed_is_named_and_sent_again(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor_on(workspace, provider)
    provider.deploy()
    path = file_of(job_in(workspace))
    entry = client(workspace).workspace
    entry.upload(path, b"print('mine')", format=ImportFormat.AUTO, overwrite=True)

    (found,) = provider.drift()

    assert (found.thing, found.setting) == (f"file '{path}'", "sha256")
    provider.deploy()
    assert provider.drift() == ()


def test_executors_whose_names_differ_in_case_have_jobs_of_their_own(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    provider.executor("ETL", config=workspace.config())
    executor_on(workspace, provider)

    provider.deploy()

    assert provider.drift() == ()
    assert sorted(names_in(workspace)) == ["ETL", "etl"]


def test_job_whose_first_answer_is_lost_is_made_once(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor_on(workspace, provider)
    workspace.fault("/jobs/create", "drop")

    provider.deploy()

    assert names_in(workspace) == ["etl"]
    assert provider.drift() == ()


def test_file_that_is_gone_is_missing_and_sent_again(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor_on(workspace, provider)
    provider.deploy()
    path = file_of(job_in(workspace))
    client(workspace).workspace.delete(path)

    assert [str(one) for one in provider.drift()] == [f"file '{path}' is missing"]
    provider.deploy()
    assert provider.drift() == ()


def test_deployed_job_really_runs_and_tells_what_is_there(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor = executor_on(workspace, provider, packages=["tenacity"])
    executor.deploy()
    entry = client(workspace)
    job = job_in(workspace)
    assert job.job_id is not None

    run = entry.jobs.run_now(job.job_id).result()

    assert run.tasks is not None
    assert run.tasks[0].run_id is not None
    assert "tenacity==" in str(entry.jobs.get_run_output(run.tasks[0].run_id).logs)


def test_job_of_somebody_else_by_the_same_name_is_left_alone(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor_on(workspace, provider)
    provider.deploy()
    task = settings_of(job_in(workspace)).as_dict()["tasks"][0]
    theirs = create(client(workspace), "etl", {**task, "task_key": "theirs"})

    deployed = provider.deploy()

    assert deployed.changes == ()
    (kept,) = settings_of(client(workspace).jobs.get(theirs)).tasks or []
    assert kept.task_key == "theirs"


def test_two_jobs_that_could_be_it_are_told_apart_by_nobody(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor_on(workspace, provider)
    provider.deploy()
    task = settings_of(job_in(workspace)).as_dict()["tasks"][0]
    second = create(client(workspace), "etl", task)

    with pytest.raises(JobError, match=rf"2 jobs named 'etl'.*{second}.*another name"):
        provider.drift()


def test_secret_among_the_settings_is_refused_before_anything_is_sent(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor = executor_on(workspace, provider, environment={"TOKEN": workspace.token})
    path, _ = probe_file()

    with pytest.raises(PackageError) as caught:
        executor.deploy()

    assert workspace.token not in str(caught.value)
    assert names_in(workspace) == []
    with pytest.raises(NotFound):
        client(workspace).workspace.get_status(path)


def test_secret_that_is_wanted_or_found_is_not_told(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    def put(settings: jobs.JobSettings) -> None:
        settings.tags = {"team": workspace.token}

    tagged = Provider(config=provider.config, tags={"team": "data"})
    executor_on(workspace, tagged)
    tagged.deploy()
    change(workspace, put)
    wanting = Provider(config=provider.config)
    executor_on(workspace, wanting, environment={"TOKEN": workspace.token})

    (found,) = tagged.drift()
    with pytest.raises(PackageError) as caught:
        wanting.drift()

    assert str(found) == "job 'etl': tags.team is 'another value' and should be 'data'"
    assert workspace.token not in str(caught.value)
