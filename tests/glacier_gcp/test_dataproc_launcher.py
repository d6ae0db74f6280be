"""The launcher runs a script as plain Python would, once it knows that it is the right one."""

import ast
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from glacier_gcp.job import launcher as dataproc_launcher
from glacier_gcp.job.definition import launcher_source
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy, error, truncate


class Launches:
    """Starts the launcher as Dataproc does, with its run in a bucket of the rig."""

    def __init__(self, server: GcpServer, lake: Objects, directory: Path) -> None:
        self.storage = server.endpoint
        self.lake = lake
        self._directory = directory
        self._launcher = directory / "launcher.py"
        self._launcher.write_bytes(launcher_source())
        self._environment = {"PATH": os.environ["PATH"], **server.metadata}

    def objects(self) -> list[str]:
        """Return the names of what is in the bucket."""
        return self.lake.keys()

    def start(
        self,
        source: str,
        *args: str,
        changed: str = "",
        wheels: dict[str, str] | None = None,
        **fields: Any,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a script; `changed` names the object that is not what its digest says."""
        objects = {"job.py": dedent(source).encode()}
        run: dict[str, Any] = {
            "format": 1,
            "script": self.lake.uri("scripts/ä b.py"),
            "sha256": hashlib.sha256(objects["job.py"]).hexdigest(),
            "name": "job.py",
            "args": args,
            "environment": {},
            "wheels": None,
        }
        if wheels is not None:
            objects["wheels.zip"] = zipped(wheels)
            digest = hashlib.sha256(objects["wheels.zip"]).hexdigest()
            run |= {"wheels": self.lake.uri("wheels.zip"), "wheels_sha256": digest}
        objects["run.json"] = json.dumps({**run, **fields}).encode()
        for name, body in objects.items():
            key = "scripts/ä b.py" if name == "job.py" else name
            self.lake.put(key, body + (b" " if name == changed else b""))
        own = {
            dataproc_launcher.RUN: self.lake.uri("run.json"),
            dataproc_launcher.SHA256: hashlib.sha256(objects["run.json"]).hexdigest(),
            dataproc_launcher.STORAGE: self.storage,
        }
        words = [word for pair in own.items() for word in pair]
        return subprocess.run(
            [sys.executable, "-S", str(self._launcher), *words],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def zipped(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target.getvalue()


@pytest.fixture
def launches(gcp_server: GcpServer, lake: Objects, tmp_path: Path) -> Launches:
    return Launches(gcp_server, lake, tmp_path)


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    with Proxy(gcp_server.endpoint) as proxy:
        yield proxy


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
    assert "run.json" not in launches.objects()


def test_traceback_begins_in_the_script(launches: Launches) -> None:
    ended = launches.start("def read():\n    open('/no/such/file')\nread()\n")

    lines = ended.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('job.py", line 3, in <module>')
    assert lines[-1] == "FileNotFoundError: [Errno 2] No such file or directory: '/no/such/file'"
    assert ended.returncode == 1
    assert "run.json" in launches.objects()


@pytest.mark.parametrize(
    ("source", "code"), [("raise SystemExit(3)", 3), ("raise SystemExit(0)", 0)]
)
def test_exit_code_is_the_scripts(launches: Launches, source: str, code: int) -> None:
    assert launches.start(source).returncode == code
    assert ("run.json" in launches.objects()) is bool(code)


@pytest.mark.parametrize("changed", ["run.json", "job.py", "wheels.zip"])
def test_what_was_changed_on_its_way_is_not_run(launches: Launches, changed: str) -> None:
    ended = launches.start("print('begun')", changed=changed, wheels={"colours.py": ""})

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "was changed after the run was submitted: its sha256 is " in ended.stderr


def test_run_of_another_format_is_refused(launches: Launches) -> None:
    ended = launches.start("print('hello')", format=2)

    assert "has format 2 and this launcher reads 1" in ended.stderr
    assert ended.stdout == ""


def test_wheels_come_before_what_the_machine_has(launches: Launches) -> None:
    source = """
        import subprocess, sys, polars
        print(polars.ORIGIN)
        code = "import polars; print(polars.ORIGIN)"
        print(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout.decode())
    """

    ended = launches.start(source, wheels={"polars.py": "ORIGIN = 'travelled'\n"})

    assert ended.stdout == "travelled\ntravelled\n\n"


def test_busy_storage_is_asked_again(launches: Launches, proxy: Proxy) -> None:
    launches.storage = proxy.endpoint
    busy = proxy.on(error(503, "BUSY"), method="GET", path="run.json", times=1)
    cut = proxy.on(truncate, method="GET", path=r"scripts", times=1)

    ended = launches.start("print('hello')")

    assert (ended.stdout, ended.stderr) == ("hello\n", "")
    assert (busy.played, cut.played) == (1, 1)


def test_run_that_may_not_be_read_says_so(launches: Launches, proxy: Proxy) -> None:
    launches.storage = proxy.endpoint
    denied = proxy.on(error(403, "AccessDenied"), method="GET", path="run.json")

    ended = launches.start("print('hello')")

    assert f"OSError: GET {launches.lake.uri('run.json')}: HTTP Error 403" in ended.stderr
    assert (ended.stdout, denied.played) == ("", 1)


def test_run_that_can_not_be_removed_stays_and_has_succeeded(
    launches: Launches, proxy: Proxy
) -> None:
    launches.storage = proxy.endpoint
    proxy.on(error(403, "AccessDenied"), method="DELETE")

    ended = launches.start("print('hello')")

    assert (ended.stdout, ended.returncode) == ("hello\n", 0)
    assert f"{launches.lake.uri('run.json')} can't be removed: " in ended.stderr


def test_gcsfs_reaches_what_the_launcher_does(launches: Launches) -> None:
    source = """
        import os
        print(os.environ["STORAGE_EMULATOR_HOST"])
        print(os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"])
    """

    ended = launches.start(source)

    assert ended.stdout == f"{launches.storage}\nfalse\n"


def test_older_pythons_can_read_the_launcher() -> None:
    ast.parse(launcher_source(), feature_version=(3, 8))
