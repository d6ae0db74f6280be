"""One job or batch of the rig: how far it is, and what is told of it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.dataproc_process import DriverProcess, Images, Work
from tests.rigs.gcp.objects import timestamp

_TYPE = "type.googleapis.com/google.cloud.dataproc.v1."
_PART_BYTES = 4096
_PAUSE_SECONDS = 0.02
# What jobs and batches call the same.
_OF_JOBS = {"SUCCEEDED": "DONE", "FAILED": "ERROR", "CANCELLING": "CANCEL_STARTED"}


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where something runs.

    Attributes:
        cloud: What it can reach.
        images: The container images.
        endpoint: The rig's address.
        account: Whom it runs as.
        bucket: What gets what its driver prints.
    """

    cloud: Cloud
    images: Images
    endpoint: str
    account: str
    bucket: str

    @property
    def access(self) -> Access:
        """The store, as the account may use it."""
        return Access(self.cloud, self.account)


class DriverOutput:
    """Writes what a driver prints to objects, of which the last one grows.

    Args:
        place: Where.
        uri: What their names begin with.
    """

    def __init__(self, place: RunPlace, uri: str) -> None:
        self._access = place.access
        self._bucket, _, self._prefix = uri.removeprefix("gs://").partition("/")
        self._parts: list[bytes] = [b""]
        self._is_changed = False
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        """Take a line."""
        with self._lock:
            if len(self._parts[-1]) >= _PART_BYTES:
                self._write()
                self._parts.append(b"")
            self._parts[-1] += f"{line}\n".encode()
            self._is_changed = True

    def flush(self) -> None:
        """Have what was said so far be there."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        if not self._is_changed:
            return
        name = f"{self._prefix}.{len(self._parts) - 1:09d}"
        self._access.write(self._bucket, name, self._parts[-1], {"contentType": "text/plain"})
        self._is_changed = False


@dataclass(eq=False)
class Run:
    """A job or a batch.

    Attributes:
        kind: `jobs` or `batches`.
        fields: What does not change of what is told.
        work: What is run.
        cluster: The cluster's name, of a job.
        operation_name: The operation that runs a batch.
        claimed_state: The state that a test has it tell of.
    """

    kind: str
    fields: dict[str, Any]
    work: Work
    place: RunPlace
    output_uri: str
    ended: Callable[["Run"], None]
    cluster: str = ""
    operation_name: str = ""
    claimed_state: int | str | None = None
    state: str = "PENDING"
    message: str = ""
    history: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._output = DriverOutput(self.place, self.output_uri)
        self._process = DriverProcess(self.work, self.place.access, self._output.say)
        self._lock = threading.RLock()
        self._begun = time.time()

    @classmethod
    def of_job(
        cls,
        job_id: str,
        job: Mapping[str, Any],
        place: RunPlace,
        image: str,
        cluster: Mapping[str, Any],
        ended: Callable[["Run"], None],
    ) -> "Run":
        """Return a job on a cluster that has not begun."""
        pyspark = job.get("pysparkJob", {})
        uuid = cluster["clusterUuid"]
        output = f"gs://{place.bucket}/google-cloud-dataproc-metainfo/{uuid}/jobs/{job_id}/"
        fields = {
            **job,
            "reference": {"projectId": cluster["projectId"], "jobId": job_id},
            "placement": {"clusterName": cluster["clusterName"], "clusterUuid": uuid},
            "driverControlFilesUri": output,
            "jobUuid": str(uuid4()),
        }
        work = Work(pyspark, pyspark.get("properties", {}), image, place.endpoint, place.account)
        output_uri = f"{output}driveroutput"
        return cls("jobs", fields, work, place, output_uri, ended, cluster["clusterName"])

    @classmethod
    def of_batch(
        cls, name: str, batch: Mapping[str, Any], place: RunPlace, operation: str
    ) -> "Run":
        """Return a batch that has not begun."""
        runtime = batch.get("runtimeConfig", {})
        uuid = str(uuid4())
        output = f"gs://{place.bucket}/google-cloud-dataproc-metainfo/{uuid}/jobs/srvls-batch/"
        fields = {**batch, "name": name, "uuid": uuid, "operation": operation}
        work = Work(
            batch.get("pysparkBatch", {}),
            runtime.get("properties", {}),
            "",
            place.endpoint,
            place.account,
            runtime.get("containerImage", ""),
        )
        output_uri = f"{output}driveroutput"
        return cls(
            "batches", fields, work, place, output_uri, lambda _: None, operation_name=operation
        )

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.state in {"SUCCEEDED", "FAILED", "CANCELLED"}

    def start(self) -> None:
        """Begin it in a thread of its own."""
        threading.Thread(target=self._carry_out, daemon=True).start()

    def cancel(self) -> None:
        """Begin to end it."""
        with self._lock:
            if self.has_ended:
                return
            is_waiting = self.state == "PENDING"
            self._enter("CANCELLED" if is_waiting else "CANCELLING")
        threading.Thread(target=self._process.stop, daemon=True).start()
        if is_waiting:
            self.ended(self)

    def told(self) -> dict[str, Any]:
        """Return what Dataproc tells of it."""
        state = self._state_told()
        if self.kind == "batches":
            has_begun = self.state != "PENDING"
            return {
                **self.fields,
                "createTime": timestamp(self._begun),
                "runtimeInfo": {"outputUri": self.output_uri} if has_begun else {},
                "state": state,
                "stateMessage": self.message,
            }
        return {
            **self.fields,
            "status": {"state": state, "details": self.message},
            "statusHistory": [{"state": _OF_JOBS.get(one, one)} for one in self.history],
            "driverOutputResourceUri": self.output_uri,
            "done": self.has_ended,
        }

    def operation(self) -> dict[str, Any]:
        """Return the operation that runs a batch."""
        metadata = {"@type": f"{_TYPE}BatchOperationMetadata", "batch": self.fields["name"]}
        begun = {"name": self.operation_name, "metadata": metadata, "done": self.has_ended}
        if not self.has_ended:
            return begun
        if self.state == "SUCCEEDED":
            return {**begun, "response": {"@type": f"{_TYPE}Batch", **self.told()}}
        return {**begun, "error": {"code": 10, "message": self.message or self.state}}

    def _state_told(self) -> int | str:
        if self.claimed_state is not None:
            return self.claimed_state
        return _OF_JOBS.get(self.state, self.state) if self.kind == "jobs" else self.state

    def _enter(self, state: str) -> None:
        self.history.append(self.state)
        self.state = state

    def _carry_out(self) -> None:
        with self._lock:
            if self.state != "PENDING":
                return
            self._enter("SETUP_DONE" if self.kind == "jobs" else "RUNNING")
        is_over = threading.Event()
        flusher = threading.Thread(target=self._flush_until, args=(is_over,), daemon=True)
        flusher.start()
        try:
            problem = self._process.run(self.place.images, self._started)
        finally:
            is_over.set()
            flusher.join()
        try:
            self._output.flush()
        except ApiError as error:
            problem = f"The driver's output can't be written: {error}"
        with self._lock:
            if self._process.is_stopped:
                self._enter("CANCELLED")
            else:
                self.message = problem
                self._enter("FAILED" if problem else "SUCCEEDED")
        self.ended(self)

    def _started(self) -> None:
        with self._lock:
            if self.state == "SETUP_DONE":
                self._enter("RUNNING")

    def _flush_until(self, is_over: threading.Event) -> None:
        while not is_over.wait(_PAUSE_SECONDS):
            try:
                self._output.flush()
            except ApiError:  # told of at the end
                return
