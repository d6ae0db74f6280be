"""The launcher runs a script as plain Python would, once it knows that it is the right one."""

import ast
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient

from glacier_azure.job import launcher as synapse_launcher
from glacier_azure.job.definition import launcher_source
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.rigs.azure.azurite import Azurite


class Launches:
    """Starts the launcher as Spark does, with files beside it."""

    def __init__(self, azurite: Azurite, directory: Path) -> None:
        self.directory = directory
        self._launcher = directory.parent / f"{directory.name}_launcher.py"
        self._launcher.write_bytes(launcher_source())
        self.host = f"{DEVELOPMENT_ACCOUNT}.dfs.core.windows.net"
        self.container = f"launches-{uuid4().hex}"
        service = BlobServiceClient(azurite.endpoint, credential=DEVELOPMENT_KEY)
        self._client = service.create_container(self.container)
        account = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}"
        text = f"{account};BlobEndpoint={azurite.endpoint};"
        self.environment = {"PATH": os.environ["PATH"], "AZURE_STORAGE_CONNECTION_STRING": text}

    def start(
        self, source: str, *args: str, changed: str = "", **fields: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Run a script; `changed` names the file that is not what its digest says."""
        script = dedent(source).encode()
        run = {
            "format": 1,
            "script": "0123.py",
            "name": "job.py",
            "sha256": hashlib.sha256(script).hexdigest(),
            "args": args,
            "environment": {},
            "file": "runs/run.json",
            **fields,
        }
        content = json.dumps(run).encode()
        self._client.upload_blob("runs/run.json", content, overwrite=True)
        for name, body in {"0123.py": script, "run.json": content}.items():
            (self.directory / name).write_bytes(body + (b" " if name == changed else b""))
        host = self.host
        own = {
            synapse_launcher.RUN: "run.json",
            synapse_launcher.SHA256: hashlib.sha256(content).hexdigest(),
            synapse_launcher.LOG: f"abfss://{self.container}@{host}/logs/run.txt",
            synapse_launcher.TOKEN: "token",
        }
        return subprocess.run(
            [sys.executable, str(self._launcher), *(word for pair in own.items() for word in pair)],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def blobs(self) -> dict[str, str]:
        names = [blob.name for blob in self._client.list_blobs()]
        return {name: self._client.download_blob(name).readall().decode() for name in names}


@pytest.fixture
def launches(azurite: Azurite, tmp_path: Path) -> Launches:
    return Launches(azurite, tmp_path)


def test_script_is_main_with_its_arguments_and_variables(launches: Launches) -> None:
    source = """
        import os, sys, pickle
        class Row: pass
        print(__name__, sys.argv[1:], os.environ["GREETING"])
        print(type(pickle.loads(pickle.dumps(Row()))) is Row)
        print(os.path.basename(__file__), sys.path[0] == os.path.dirname(__file__))
    """

    ended = launches.start(source, "--day", "1 & 2", environment={"GREETING": "grüß dich"})

    expected = "__main__ ['--day', '1 & 2'] grüß dich\nTrue\njob.py True\n"
    assert (ended.stdout, ended.stderr, ended.returncode) == (expected, "", 0)
    assert launches.blobs() == {"logs/run.txt": expected}


def test_traceback_begins_in_the_script_and_is_in_the_log(launches: Launches) -> None:
    ended = launches.start("def read():\n    open('/no/such/file')\nread()\n")

    log = launches.blobs()["logs/run.txt"]
    lines = log.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('job.py", line 3, in <module>')
    assert lines[-1] == "FileNotFoundError: [Errno 2] No such file or directory: '/no/such/file'"
    assert ended.stdout == log
    assert ended.returncode == 1
    assert "runs/run.json" in launches.blobs()


@pytest.mark.parametrize(
    ("source", "code"), [("raise SystemExit(3)", 3), ("raise SystemExit(0)", 0)]
)
def test_exit_code_is_the_scripts(launches: Launches, source: str, code: int) -> None:
    assert launches.start(source).returncode == code
    assert ("runs/run.json" in launches.blobs()) is bool(code)


@pytest.mark.parametrize("changed", ["run.json", "0123.py"])
def test_what_was_changed_on_its_way_is_not_run(launches: Launches, changed: str) -> None:
    ended = launches.start("print('begun')", changed=changed)

    log = launches.blobs()["logs/run.txt"]
    assert ended.returncode == 1
    assert "begun\n" not in log.replace("not begun", "")
    assert f"{changed} was changed after the run was submitted" in log


def test_run_of_another_format_is_refused(launches: Launches) -> None:
    ended = launches.start("print('hello')", format=2)

    assert "has format 2 and this launcher reads 1" in ended.stdout
    assert "hello" not in ended.stdout


def test_log_waits_for_no_process_that_the_script_has_left(launches: Launches) -> None:
    source = """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print("left", child.pid)
    """

    ended = launches.start(source)

    _, child = launches.blobs()["logs/run.txt"].split()
    os.kill(int(child), 9)
    assert ended.returncode == 0


def test_log_of_much_is_whole(launches: Launches) -> None:
    ended = launches.start("print('ü' * 3_000_000)")

    assert ended.returncode == 0
    assert launches.blobs()["logs/run.txt"] == "ü" * 3_000_000 + "\n"


def test_script_runs_though_its_log_can_not_be_kept(launches: Launches) -> None:
    launches.environment["AZURE_STORAGE_CONNECTION_STRING"] = (
        "AccountName=nobody;AccountKey=d3Jvbmc=;BlobEndpoint=http://127.0.0.1:9/nobody;"
    )

    ended = launches.start("print('hello')")

    assert "hello\n" in ended.stdout
    assert "What was printed could not be kept in staging: " in ended.stderr
    assert ended.returncode == 0


def test_wheels_come_before_what_the_pool_has(launches: Launches) -> None:
    wheels = launches.directory / synapse_launcher.WHEELS
    wheels.mkdir()
    (wheels / "polars.py").write_text("ORIGIN = 'travelled'\n")

    ended = launches.start("import polars; print(polars.ORIGIN)")

    assert ended.stdout == "travelled\n"


def test_adlfs_gets_the_tokens_of_the_pool(launches: Launches) -> None:
    pool = "class credentials:\n    getToken = staticmethod('token for {}'.format)\n"
    (launches.directory / "notebookutils.py").write_text(pool)
    launches.environment = {"PATH": "", "PYTHONPATH": str(launches.directory)}
    launches.host = "acme.dfs.localhost"  # nobody answers there, so that nothing is kept
    source = """
        import asyncio, fsspec
        filesystem = fsspec.filesystem("abfs", account_name="acme")
        found = asyncio.run(filesystem.credential.get_token("https://storage.azure.com/.default"))
        print(found.token)
    """

    ended = launches.start(source)

    assert ended.stdout.splitlines()[0] == "token for Storage"
    assert ended.returncode == 0


def test_older_pythons_can_read_the_launcher() -> None:
    ast.parse(launcher_source(), feature_version=(3, 8))


def test_log_goes_to_the_account_of_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"AccountName=others;AccountKey={DEVELOPMENT_KEY};EndpointSuffix=core.windows.net"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)

    client = synapse_launcher._container_of("abfss://jobs@lakes.dfs.core.windows.net/logs/1.txt")

    assert client.url == "https://lakes.blob.core.windows.net/jobs"
