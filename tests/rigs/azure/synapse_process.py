"""One batch of a Spark pool as a process: its files, its Python, its identity and its output.

It runs in a directory with what YARN puts into a container: the launcher, `files`, and unpacked
`archives`. Spark itself is started by the script, or by `spark-submit` where `conf` has a
`spark.master`, which a pool would not take.
"""

import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient
from tests.rigs.azure.identity import HEADER, PATH
from tests.rigs.job_process import KEPT, JobProcess
from tests.rigs.python_image import Images
from tests.rigs.spark import spark_config

PROVIDED = ("azure-identity", "azure-storage-blob", "pandas", "pyarrow", "pyspark")
"""What a pool itself has, of what matters here; with all that these need."""

_ENVIRONMENT = "spark.yarn.appMasterEnv."
_MODULE = '''
    """The module of a Spark pool that has its tokens."""
    import json
    from urllib.request import Request, urlopen

    AUDIENCES = {
        "AzureManagement": "https://management.azure.com",
        "Storage": "https://storage.azure.com",
        "Synapse": "https://dev.azuresynapse.net",
        "Vault": "https://vault.azure.net",
    }


    class _Credentials:
        def getToken(self, audience, name=""):
            url = f"ENDPOINT?resource={AUDIENCES[audience]}"
            with urlopen(Request(url, headers={"X-IDENTITY-HEADER": "SECRET"})) as answer:
                return json.loads(answer.read())["access_token"]


    credentials = _Credentials()
'''


def images(endpoint: str) -> Images:
    """Return the Pythons of pools.

    Args:
        endpoint: Where the rig answers.
    """
    source = dedent(_MODULE).lstrip()
    for name, value in {"ENDPOINT": f"{endpoint}{PATH}", "SECRET": HEADER}.items():
        source = source.replace(name, value)
    return Images(PROVIDED, {"notebookutils.py": source})


class BatchProcess:
    """What a batch is started with, and its process.

    Args:
        request: The batch, as it was asked for.
        say: Takes the output, line by line, with its stream.
    """

    def __init__(self, request: Mapping[str, Any], say: Callable[[str, str], None]) -> None:
        self._request = request
        self._job = JobProcess(say)

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has ended it."""
        return self._job.is_stopped

    def stop(self) -> None:
        """End the process, and all that it has started."""
        self._job.stop()

    def run(self, images: Images, requirements: str, started: Callable[[], None]) -> str:
        """Run to the end; return what went wrong, nothing where nothing did."""
        with tempfile.TemporaryDirectory(prefix="synapse-batch-") as directory:
            home = Path(directory) / "container"
            home.mkdir()
            try:
                image = images.of(filter(None, requirements.splitlines()))
                self._fetch(home)
            except Exception as error:  # noqa: BLE001 - whatever it is, the batch has failed
                return f"LIVY_JOB_STATE_DEAD: {type(error).__name__}: {error}"
            command = self._command(image, Path(directory))
            code = self._job.run(command, home, self._environment(image, home), started)
        return "" if code == 0 else f"LIVY_JOB_STATE_DEAD: User application exited with {code}"

    def _fetch(self, home: Path) -> None:
        """Put what the batch names beside its launcher, as Spark's connector reads it."""
        request = self._request
        for uri in [request["file"], *request.get("files", ()), *request.get("pyFiles", ())]:
            _download(uri, home / uri.rpartition("/")[2])
        for entry in request.get("archives", ()):
            uri, _, name = entry.partition("#")
            packed = home / f"{name}.zip"
            _download(uri, packed)
            with zipfile.ZipFile(packed) as archive:
                archive.extractall(home / name)

    def _command(self, image: Path, directory: Path) -> list[str]:
        # Without `site`, whose .pth files lead to this repository's own sources.
        python = [sys.executable, "-S"]
        words = [self._request["file"].rpartition("/")[2], *self._request.get("args", ())]
        master = self._request.get("conf", {}).get("spark.master")
        if master is None:
            return [*python, *words]
        bare = directory / "python"
        bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
        bare.chmod(0o755)
        submit = str((image / "pyspark").resolve() / "bin" / "spark-submit")
        fast = spark_config(master).spark_conf
        settings = {**fast, "spark.pyspark.python": str(bare)}
        options = [word for pair in settings.items() for word in ("--conf", "=".join(pair))]
        return [submit, "--master", master, *options, *words]

    def _environment(self, image: Path, home: Path) -> dict[str, str]:
        own = {
            key.removeprefix(_ENVIRONMENT): value
            for key, value in self._request.get("conf", {}).items()
            if key.startswith(_ENVIRONMENT)
        }
        paths = [own.pop("PYTHONPATH", ""), str(image)]
        return {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            # Azurite takes no tokens without TLS: what is the pool's identity there is a key here.
            "AZURE_STORAGE_CONNECTION_STRING": _connection_string(),
            "HOME": str(home),
            "PYTHONPATH": ":".join(filter(None, paths)),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(home.parent),
            **own,
        }


def _download(uri: str, target: Path) -> None:
    parts = urlsplit(uri)
    if parts.scheme != "abfss":
        raise ValueError(f"{uri} is no abfss:// URI")
    container, _, host = parts.netloc.partition("@")
    account = os.environ["AZURE_STORAGE_ACCOUNT"]
    if host != f"{account}.dfs.core.windows.net":
        raise ValueError(f"{uri} is in no account of the rig")
    client = BlobServiceClient.from_connection_string(_connection_string())
    blob = client.get_blob_client(container, unquote(parts.path.lstrip("/")))
    try:
        target.write_bytes(blob.download_blob().readall())
    except AzureError as error:
        raise FileNotFoundError(f"{uri}: {error.message}") from error


def _connection_string() -> str:
    account, key = os.environ["AZURE_STORAGE_ACCOUNT"], os.environ["AZURE_STORAGE_KEY"]
    endpoint = os.environ["AZURE_STORAGE_ENDPOINT"]
    return f"AccountName={account};AccountKey={key};BlobEndpoint={endpoint};"
