"""What the tests of Dataproc share."""

import json
from functools import cache
from importlib.metadata import distributions
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from google.cloud.dataproc_v1 import (
    Batch,
    BatchControllerClient,
    Cluster,
    ClusterControllerClient,
    Job,
    JobControllerClient,
)

from glacier import Executor, Provider
from glacier.config import DataprocConfig, GcpConfig
from glacier.jobs.pins import normal_name
from glacier_gcp.session import GcpSession, session_of
from tests.rigs.gcp.server import REGION, GcpServer
from tests.rigs.gcp.store import PROJECT

IMAGE = "europe-docker.pkg.dev/rig/jobs/glacier:1"
MOST_JOBS = "dataproc:dataproc.scheduler.max-concurrent-jobs"


def cluster_executor(
    server: GcpServer,
    provider: Provider | None = None,
    *,
    content: list[str] | None = None,
    **fields: Any,
) -> Executor:
    """Return an executor whose cluster was deployed and has run nothing yet.

    Args:
        server: The rig.
        provider: The executor's provider.
        content: What the cluster has besides Glacier's own; all that is installed here where None.
        **fields: Of the config.
    """
    provider = provider or Provider(config=server.config())
    packages = installed() if content is None else content
    config = DataprocConfig(packages=packages, **fields)
    executor = provider.executor(f"etl-{uuid4().hex[:12]}", config=config)
    executor.deploy()
    return executor


def batch_executor(server: GcpServer, provider: Provider | None = None, **fields: Any) -> Executor:
    """Return an executor of serverless batches, in an image with all that is installed here."""
    command(server, "image", name=IMAGE, requirements=installed())
    provider = provider or Provider(config=server.config())
    known = {"container_image": IMAGE, "labels": {"executor": uuid4().hex}}
    config = DataprocConfig(serverless=True, **{**known, **fields})
    return provider.executor("etl", config=config)


@cache
def installed() -> list[str]:
    """Return requirements of all that is installed here but Glacier."""
    names = {normal_name(one.metadata["Name"]): one.version for one in distributions()}
    return [f"{name}=={names[name]}" for name in sorted(names) if not name.startswith("glacier")]


def session_for(server: GcpServer) -> GcpSession:
    """Return the session of the rig's owner."""
    return session_of(server.config())


def cluster_of(server: GcpServer, executor: Executor) -> dict[str, Any]:
    """Return what Dataproc tells of an executor's cluster."""
    found = (
        session_for(server)
        .client(ClusterControllerClient)
        .get_cluster(project_id=PROJECT, region=REGION, cluster_name=executor.name)
    )
    told: dict[str, Any] = json.loads(Cluster.to_json(found, use_integers_for_enums=False))
    return told


def jobs_of(server: GcpServer, executor: Executor) -> list[dict[str, Any]]:
    """Return the jobs of an executor's cluster, the oldest first."""
    found = (
        session_for(server)
        .client(JobControllerClient)
        .list_jobs({"project_id": PROJECT, "region": REGION, "cluster_name": executor.name})
    )
    return [json.loads(Job.to_json(one, use_integers_for_enums=False)) for one in found]


def batch_of(server: GcpServer, job_id: str) -> dict[str, Any]:
    """Return what Dataproc tells of a batch."""
    found = (
        session_for(server)
        .client(BatchControllerClient)
        .get_batch(name=f"projects/{PROJECT}/locations/{REGION}/batches/{job_id}")
    )
    told: dict[str, Any] = json.loads(Batch.to_json(found, use_integers_for_enums=False))
    return told


def batches_of(server: GcpServer, label: str = "") -> list[str]:
    """Return the ids of all batches, or of those with a label `executor`, the oldest first."""
    found = (
        session_for(server)
        .client(BatchControllerClient)
        .list_batches(parent=f"projects/{PROJECT}/locations/{REGION}")
    )
    meant = [one for one in found if label in {"", one.labels.get("executor")}]
    return [one.name.rpartition("/")[2] for one in meant]


def arguments_of(pyspark: dict[str, Any]) -> dict[str, str]:
    """Return the launcher's arguments in what was submitted."""
    words = pyspark["args"]
    return dict(zip(words[::2], words[1::2], strict=True))


def command(server: GcpServer, what: str, **content: Any) -> None:
    """Tell the rig's Dataproc what to do."""
    url, body = f"{server.endpoint}/rig/dataproc/{what}", json.dumps(content).encode()
    with urlopen(Request(url, body, method="POST")):
        pass


def asked_of_dataproc(server: GcpServer) -> list[str]:
    """Return what Dataproc was asked for since this was called before: method and path's end."""
    found = server.requests(forget=True)
    root = f"/v1/projects/{PROJECT}"
    places = (f"{root}/regions/{REGION}/", f"{root}/locations/{REGION}/")
    paths = ((one["method"], one["path"]) for one in found if one["path"].startswith(places))
    return [f"{method} {path.split('/', 6)[6]}" for method, path in paths]


def staging_of(provider: Provider) -> str:
    """Return the bucket through which jobs travel."""
    config = provider.config
    assert isinstance(config, GcpConfig)
    return f"glacier-staging-{config.project}-{config.region}"


def staged(server: GcpServer) -> dict[str, bytes]:
    """Return what lies in the staging bucket, but for what drivers have printed."""
    client = session_for(server).storage
    name = staging_of(Provider(config=server.config()))
    if client.lookup_bucket(name) is None:
        return {}
    found: dict[str, bytes] = {}
    for blob in client.list_blobs(name, prefix="jobs/"):
        content = _content_of(blob)
        if content is not None:
            found[blob.name] = content
    return found


def _content_of(blob: Any) -> bytes | None:
    from google.api_core.exceptions import NotFound

    try:
        content: bytes = blob.download_as_bytes()
    except NotFound:  # a job that has ended removes its own meanwhile
        return None
    return content


def ids_of(server: GcpServer, executor: Executor) -> list[str]:
    """Return the ids of what an executor has submitted, the newest first.

    Batches belong to no executor: they are told apart by the label `executor`.
    """
    config = executor.config
    assert isinstance(config, DataprocConfig)
    if not config.serverless:
        return [job["reference"]["jobId"] for job in reversed(jobs_of(server, executor))]
    return batches_of(server, config.labels["executor"])[::-1]
