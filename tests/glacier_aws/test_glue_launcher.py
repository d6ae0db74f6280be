"""The launcher runs a script as plain Python would, once it knows that it is the right one."""

import ast
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import uuid4

import pytest

from glacier_aws.job import launcher as glue_launcher
from glacier_aws.job.definition import launcher_source
from tests.glacier_aws.glue import client
from tests.rigs.aws.server import REGION, AwsServer

GLUES_OWN = ["--job-language", "python", "--JOB_NAME", "etl", "--JOB_RUN_ID", "jr_1"]


class Launches:
    """Starts the launcher as Glue does, with what lies in a bucket."""

    def __init__(self, server: AwsServer, directory: Path) -> None:
        self._launcher = directory / "glue_launcher.py"
        self._launcher.write_bytes(launcher_source())
        self.s3 = client(server, "s3")
        self.bucket = f"launches-{uuid4().hex}"
        self.s3.create_bucket(Bucket=self.bucket)
        self._environment = {**server.environment, "PATH": "/usr/bin:/bin"}

    def start(
        self, source: str, *args: str, changed: str = "", **fields: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Run a script; `changed` names the file that is not what its digest says."""
        script = dedent(source).encode()
        run = {
            "format": 1,
            "script": f"s3://{self.bucket}/scripts/job.py",
            "sha256": hashlib.sha256(script).hexdigest(),
            "name": "job.py",
            "args": args,
            "environment": {},
            **fields,
        }
        content = json.dumps(run).encode()
        files = {"scripts/job.py": script, "run.json": content}
        for key, body in files.items():
            end = b" " if key == changed else b""
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body + end)
        own = {
            glue_launcher.RUN: f"s3://{self.bucket}/run.json",
            glue_launcher.SHA256: hashlib.sha256(content).hexdigest(),
            glue_launcher.REGION: REGION,
            glue_launcher.TOKEN: "token",
        }
        words = [word for pair in own.items() for word in pair]
        return subprocess.run(
            [sys.executable, str(self._launcher), *words, *GLUES_OWN],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def keys(self) -> set[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return {entry["Key"] for entry in found}


@pytest.fixture
def launches(aws_server: AwsServer, tmp_path: Path) -> Launches:
    return Launches(aws_server, tmp_path)


def test_script_is_main_with_its_arguments_and_variables(launches: Launches) -> None:
    source = """
        import os, sys, pickle
        class Row: pass
        print(__name__, sys.argv[1:], os.environ["GREETING"], os.environ["AWS_DEFAULT_REGION"])
        print(type(pickle.loads(pickle.dumps(Row()))) is Row, "glue_launcher" in sys.modules)
        print(os.path.basename(__file__), sys.path[0] == os.path.dirname(__file__))
    """

    ended = launches.start(source, "--day", "1 & 2", environment={"GREETING": "grüß dich"})

    assert ended.stdout.splitlines() == [
        f"__main__ ['--day', '1 & 2'] grüß dich {REGION}",
        "True False",
        "job.py True",
    ]
    assert (ended.returncode, ended.stderr) == (0, "")


def test_script_made_for_glue_also_gets_what_glue_passes(launches: Launches) -> None:
    source = """
        import sys  # and, on Glue, awsglue
        print(sys.argv[1:])
    """

    ended = launches.start(source, "--day", "1")

    assert ended.stdout.strip() == str(["--day", "1", *GLUES_OWN])


def test_traceback_begins_in_the_script(launches: Launches) -> None:
    ended = launches.start("def read():\n    open('/no/such/file')\nread()\n")

    lines = ended.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('job.py", line 3, in <module>')
    assert lines[2].strip() == "read()"
    assert lines[-1] == "FileNotFoundError: [Errno 2] No such file or directory: '/no/such/file'"
    assert "glue_launcher" not in ended.stderr
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no input')", 1),
        ("import sys; sys.exit()", 0),
        ("import sys; sys.exit(0)", 0),
        ("pass", 0),
    ],
)
def test_exit_code_is_the_scripts(launches: Launches, source: str, code: int) -> None:
    assert launches.start(source).returncode == code


def test_file_of_a_run_that_succeeded_is_removed(launches: Launches) -> None:
    launches.start("raise SystemExit(0)")
    after_success = launches.keys()
    launches.start("raise SystemExit(1)")

    assert after_success == {"scripts/job.py"}
    assert launches.keys() == {"scripts/job.py", "run.json"}


@pytest.mark.parametrize("changed", ["run.json", "scripts/job.py"])
def test_what_was_changed_on_its_way_is_not_run(launches: Launches, changed: str) -> None:
    ended = launches.start("print('begun')", changed=changed)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert f"{changed} was changed after the run was submitted" in ended.stderr


def test_run_of_another_format_is_refused(launches: Launches) -> None:
    ended = launches.start("print('begun')", format=2)

    assert ended.stdout == ""
    assert "has format 2 and this launcher reads 1" in ended.stderr


def test_lines_are_printed_as_they_come(launches: Launches) -> None:
    # Were it not so, they would be lost with the buffer.
    ended = launches.start("import os\nprint('begun')\nos._exit(7)\n")

    assert (ended.stdout, ended.returncode) == ("begun\n", 7)


def test_older_pythons_can_read_the_launcher() -> None:
    ast.parse(launcher_source(), feature_version=(3, 7))
