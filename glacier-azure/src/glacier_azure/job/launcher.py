"""What a Spark pool starts for a job: it runs the job's script as plain Python would.

Spark has put two files beside it: one that says what to run, and the script. Nothing of the job
runs before the digests of both were checked. What is printed also goes to a blob in staging, since
the pool's API tells of Livy's own log alone. A pool has no part of Glacier: this file needs the
standard library, its syntax is that of older Pythons, and what else it uses may be missing.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import select
import sys
import threading
import time
from typing import Any
from urllib.parse import unquote, urlsplit

from glacier.jobs.launching import checked, divided, print_at_once, run_in, run_script

RUN = "--glacier-run"
"""The argument with the name of the run's file."""

SHA256 = "--glacier-sha256"
"""The argument with the digest of that file."""

LOG = "--glacier-log"
"""The argument with the URI of the blob that gets what is printed."""

TOKEN = "--glacier-token"  # noqa: S105 - the name of an argument
"""The argument with the submission's own name, by which its batch is recognised."""

WHEELS = "glacier_wheels"
"""The directory of what the pool lacks, where something was sent."""

STORAGE = "https://storage.azure.com"
_OWN = (RUN, SHA256, LOG, TOKEN)
_PIECE_BYTES = 1 << 16
_LARGEST_APPEND = 4 << 20  # of one request: https://learn.microsoft.com/rest/api/storageservices
_LARGEST_BACKLOG = 16 << 20
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0  # a blob takes 50,000 appends
_LAST_SECONDS = 30.0
_LAST_PAUSES_SECONDS = (0.5, 1.0, 0.0)
_QUIET_SECONDS = 0.1

# What the token library of a pool calls Azure's services:
# https://learn.microsoft.com/azure/synapse-analytics/spark/apache-spark-secure-credentials-with-tokenlibrary
_AUDIENCES = {
    "storage.azure.com": "Storage",
    "management.azure.com": "AzureManagement",
    "vault.azure.net": "Vault",
    "dev.azuresynapse.net": "Synapse",
}


def main(argv: list[str]) -> None:
    """Run the script that a run's arguments lead to; what it raises is raised."""
    print_at_once()
    own, _ = divided(argv, _OWN)
    _use_wheels()
    is_spark_up = _start_spark()
    container = _container_of(own[LOG])
    log = None
    if container is not None:
        log = LogBlob(container.get_blob_client(_place_of(own[LOG])[2]))
        log.start()
        atexit.register(log.close)
    run = run_in(brought(own[RUN], is_spark_up), own[RUN], own[SHA256])
    source = checked(brought(run["script"], is_spark_up), run["script"], run["sha256"])
    os.environ.update(run["environment"])
    _let_fsspec_in()
    run_script(run["name"], source, run["args"])
    if container is not None and log is not None and not log.is_in_trouble:
        _discard(container, run["file"])


def brought(name: str, is_spark_up: bool) -> bytes:  # noqa: FBT001 - no user's
    """Return a file that Spark has brought."""
    path = name
    if not os.path.exists(path) and is_spark_up:  # noqa: PTH110 - nothing else of paths is needed
        from pyspark import SparkFiles

        path = SparkFiles.get(name)
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        return file.read()


class LogBlob:
    """Sends what the process prints to an append blob, and to where it went before.

    Args:
        blob: The client of the blob.
    """

    def __init__(self, blob: Any) -> None:  # Any: the SDK's, which may be missing
        self._blob = blob
        self._pending: list[bytes] = []
        self._lock = threading.Lock()
        self._is_closing = threading.Event()
        self._process_id = os.getpid()
        self._problem: Exception | None = None

    @property
    def is_in_trouble(self) -> bool:
        """Whether the blob could not be written when that was tried last."""
        return self._problem is not None

    def start(self) -> None:
        """Redirect both streams, in their order, also for what is no Python."""
        self._before = (os.dup(1), os.dup(2))
        reading, writing = os.pipe()
        for number in (1, 2):
            os.dup2(writing, number)
        os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._sender = threading.Thread(target=self._send_all, daemon=True)
        self._reader.start()
        self._sender.start()

    def close(self) -> None:
        """Send what is left."""
        if os.getpid() != self._process_id:  # a forked child has to leave its parent's alone
            return
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # the script may have closed it
                continue
        for number in (1, 2):
            os.dup2(self._before[number - 1], number)
        self._is_closing.set()
        self._sender.join(_LAST_SECONDS)
        if self._problem is not None:
            text = f"What was printed could not be kept in staging: {self._problem}\n"
            os.write(self._before[1], text.encode())

    def _read(self, reading: int) -> None:
        # What the process has started may hold the pipe open for longer than it lives.
        while True:
            if not select.select([reading], [], [], _QUIET_SECONDS)[0]:
                if self._is_closing.is_set():
                    return
                continue
            piece = os.read(reading, _PIECE_BYTES)
            if not piece:
                return
            os.write(self._before[0], piece)
            with self._lock:
                self._pending.append(piece)

    def _send_all(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while self._reader.is_alive():
            if self._is_closing.wait(pause):
                self._reader.join(_LAST_SECONDS)
            pause = min(_LONGEST_PAUSE_SECONDS, 1.1 * pause)
            self._send()
        for pause in _LAST_PAUSES_SECONDS:
            self._send()
            if not self.is_in_trouble:
                return
            time.sleep(pause)

    def _send(self) -> None:
        with self._lock:
            content, self._pending = b"".join(self._pending), []
        try:
            if content and not self._blob.exists():
                self._blob.create_append_blob()
            while content:
                self._blob.append_block(content[:_LARGEST_APPEND])
                content = content[_LARGEST_APPEND:]
            self._problem = None
        except Exception as error:  # noqa: BLE001 - whatever it is, the script is not to blame
            self._problem = error
            with self._lock:
                self._pending.insert(0, content[-_LARGEST_BACKLOG:])


def pool_token(scope: str) -> tuple[str, int] | None:
    """Return a token for a scope and when it expires, as a pool gives it; None anywhere else.

    A pool has no endpoint of a managed identity; its own module has the tokens.
    """
    audience = _AUDIENCES.get(urlsplit(scope).netloc)
    credentials = _pool_credentials()
    if audience is None or credentials is None:
        return None
    token = str(credentials.getToken(audience))
    return token, _expiry_of(token)


def is_pool() -> bool:
    """Return whether this process runs on a Spark pool."""
    return _pool_credentials() is not None


class AsyncPoolToken:
    """The pool's tokens, as asynchronous clients of the SDK ask for them."""

    async def get_token(self, *scopes: str, **_: Any) -> Any:
        """Return a token."""
        return PoolToken().get_token(*scopes)

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


class PoolToken:
    """The pool's tokens, as clients of the SDK ask for them."""

    def get_token(self, *scopes: str, **_: Any) -> Any:  # Any: the SDK may be missing
        """Return a token."""
        from azure.core.credentials import AccessToken

        found = pool_token(scopes[0])
        if found is None:
            from azure.core.exceptions import ClientAuthenticationError

            raise ClientAuthenticationError(f"This pool has no token for {scopes[0]}.")
        return AccessToken(*found)


def _pool_credentials() -> Any:  # Any: the module is the pool's
    try:
        from notebookutils import credentials
    except ImportError:
        try:  # an older pool
            from notebookutils.mssparkutils import credentials
        except ImportError:
            return None
    return credentials


def _expiry_of(token: str) -> int:
    """Return when a token expires, in seconds since 1970; soon, where it does not say."""
    try:
        claims = token.split(".")[1]
        padded = claims + "=" * (-len(claims) % 4)
        return int(json.loads(base64.urlsafe_b64decode(padded))["exp"])
    except (IndexError, KeyError, ValueError):
        return int(time.time()) + 300


def _use_wheels() -> None:
    directory = os.path.abspath(WHEELS)  # noqa: PTH100 - as above
    if os.path.isdir(directory):  # noqa: PTH112 - as above
        sys.path[:] = [directory, *(entry for entry in sys.path if entry != directory)]


def _start_spark() -> bool:
    """Start Spark where it waits for that: it ends an application that has not, and calls it lost.

    `spark.yarn.am.waitTime`, https://spark.apache.org/docs/latest/running-on-yarn.html
    """
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        return False
    from pyspark.sql import SparkSession

    SparkSession.builder.getOrCreate()
    return True


def _let_fsspec_in() -> None:
    """Let adlfs have the pool's identity, which it does not find by itself."""
    has_own = any(name.startswith("AZURE_STORAGE_") for name in os.environ)
    if has_own or not is_pool():
        return
    try:
        from fsspec.config import conf
    except ImportError:
        return
    for protocol in ("abfs", "abfss", "az"):
        conf.setdefault(protocol, {}).setdefault("credential", AsyncPoolToken())


def _container_of(uri: str) -> Any:
    """Return a client of a blob's container; None where this pool can't reach it."""
    try:
        from azure.storage.blob import BlobServiceClient
    except ImportError:
        print("What is printed is not kept: azure-storage-blob is missing", file=sys.stderr)  # noqa: T201
        return None
    name, host, _ = _place_of(uri)
    retries: dict[str, Any] = {"retry_total": 0}  # what is not sent is sent with what comes next
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    if text:
        service = BlobServiceClient.from_connection_string(text, **retries)
        if service.account_name == host.partition(".")[0]:
            return service.get_container_client(name)
    address = "https://" + host.replace(".dfs.", ".blob.", 1)
    service = BlobServiceClient(address, credential=PoolToken(), **retries)
    return service.get_container_client(name)


def _place_of(uri: str) -> tuple[str, str, str]:
    """Return the container, the account's host and the blob's name in an `abfss://` URI."""
    parts = urlsplit(uri)
    container, _, host = parts.netloc.rpartition("@")
    return container, host, unquote(parts.path.lstrip("/"))


def _discard(container: Any, name: str) -> None:
    """Remove the file of a run that has succeeded; it stays where that is refused."""
    from azure.core.exceptions import AzureError

    try:
        container.delete_blob(name)
    except AzureError as error:
        print(f"{name} can't be removed: {error}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
