"""A launcher is sent as one file that needs nothing of Glacier."""

import ast
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from glacier.adapters import ScriptJob
from glacier.config import AwsConfig
from glacier.errors import PackageError
from glacier.jobs.launchers import run_file, standalone

LAUNCHER = '''"""Starts a script of this machine."""

from __future__ import annotations

import sys

from glacier.jobs.launching import divided, run_in, run_script


def main(argv):
    own, others = divided(argv, ("--run", "--sha256"))
    with open(own["--run"], "rb") as file:
        run = run_in(file.read(), own["--run"], own["--sha256"])
    with open(run["script"], "rb") as file:
        run_script(run["name"], file.read(), [*run["args"], *others])


if __name__ == "__main__":
    main(sys.argv[1:])
'''


def module_of(directory: Path, source: str) -> ModuleType:
    path = directory / "own_launcher.py"
    path.write_text(source)
    module = ModuleType("own_launcher")
    module.__file__ = str(path)
    return module


def test_launcher_runs_where_glacier_is_not(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text("import sys\nprint(__name__, sys.argv[1:])\nraise ValueError('no rows')\n")
    content = run_file(ScriptJob(script, ("a",)), script.read_bytes(), str(script))
    run = tmp_path / "run.json"
    run.write_bytes(content)
    sent = tmp_path / "sent.py"
    sent.write_bytes(standalone(module_of(tmp_path, LAUNCHER)))
    digest = hashlib.sha256(content).hexdigest()

    ended = subprocess.run(
        # Without site-packages there is no Glacier.
        [
            sys.executable,
            "-I",
            "-S",
            sent,
            f"--run={tmp_path / 'run.json'}",
            "--sha256",
            digest,
            "b",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout == "__main__ ['a', 'b']\n"
    assert ended.stderr.startswith('Traceback (most recent call last):\n  File "')
    assert "ValueError: no rows" in ended.stderr
    assert "sent.py" not in ended.stderr


def test_launcher_keeps_its_own_lines(tmp_path: Path) -> None:
    sent = standalone(module_of(tmp_path, LAUNCHER))

    tree = ast.parse(sent)

    assert ast.get_docstring(tree) == "Starts a script of this machine."
    assert not [node for node in tree.body if "glacier" in str(getattr(node, "module", ""))]


def test_launcher_that_needs_more_of_glacier_is_refused(tmp_path: Path) -> None:
    source = f"from glacier.errors import JobError\n{LAUNCHER}"
    module = module_of(tmp_path, source.replace("from __future__ import annotations\n", ""))

    with pytest.raises(ValueError, match="own_launcher can't be sent as one file"):
        standalone(module)


def test_run_file_with_a_secret_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text("pass\n")
    config = AwsConfig.model_validate(
        {"region": "r", "access_key_id": "A", "secret_access_key": "a-secret-of-this-test"}
    )
    job = ScriptJob(script, environment={"KEY": "a-secret-of-this-test"})

    with pytest.raises(PackageError, match=r"What the job is told.*AwsConfig\.secret_access_key"):
        run_file(job, script.read_bytes(), "job.py")
    assert config is not None


def test_run_file_tells_what_to_run(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text("pass\n")

    job = ScriptJob(script, ("a",), {"DAY": "1"})

    found = json.loads(run_file(job, b"pass\n", "s3://b/job.py", more=1))

    assert found == {
        "format": 1,
        "script": "s3://b/job.py",
        "sha256": hashlib.sha256(b"pass\n").hexdigest(),
        "name": "job.py",
        "args": ["a"],
        "environment": {"DAY": "1"},
        "more": 1,
    }
