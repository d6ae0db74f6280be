"""`glacier migrate`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from glacier.migrate import migrate_file, write_file
from tests.core.cli_project import installed, invoke

OLD = 'from glacier.providers import LocalProvider\n\np = LocalProvider("data")\n'
NEW = (
    "from glacier import Provider\nfrom glacier.config import LocalConfig\n\n"
    'p = Provider(config=LocalConfig(base_path="data"))\n'
)
DIFF = (
    "--- a/flows/old.py\n"
    "+++ b/flows/old.py\n"
    "@@ -1,3 +1,4 @@\n"
    "-from glacier.providers import LocalProvider\n"
    "+from glacier import Provider\n"
    "+from glacier.config import LocalConfig\n"
    " \n"
    '-p = LocalProvider("data")\n'
    '+p = Provider(config=LocalConfig(base_path="data"))\n'
)
SUBCLASS = "from glacier.providers import AWSProvider\n\n\nclass Ours(AWSProvider):\n    pass\n"


def test_command_that_names_no_path_is_an_error() -> None:
    result = invoke("migrate")

    assert result.exit_code == 1  # 2 says that something is left to do
    assert "Missing argument" in result.stderr


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "old.py").write_text(OLD)
    (tmp_path / "flows" / "new.py").write_text(NEW)
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--diff",)])
def test_migrate_shows_what_changes_and_writes_nothing(options: tuple[str, ...]) -> None:
    result = invoke("migrate", "flows", *options)

    assert result.exit_code == 2
    assert result.stdout == DIFF
    assert result.stderr == (
        "2 files looked at, 1 would change. Nothing was written: --write does that.\n"
    )
    assert Path("flows/old.py").read_text() == OLD


def test_migrate_writes_and_names_each_file() -> None:
    result = invoke("migrate", "flows", "--write")

    assert result.exit_code == 0, result.stderr
    assert result.stdout == "migrated flows/old.py\n"
    assert result.stderr == "2 files looked at, 1 migrated.\n"
    assert Path("flows/old.py").read_text() == NEW


def test_migrate_writes_and_shows_if_both_are_asked_for() -> None:
    result = invoke("migrate", "flows", "--write", "--diff")

    assert result.stdout == f"{DIFF}migrated flows/old.py\n"
    assert Path("flows/old.py").read_text() == NEW


def test_migrate_with_nothing_left_exits_with_0() -> None:
    result = invoke("migrate", "flows/new.py")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "1 file looked at, nothing to migrate.\n"


def test_diff_can_be_applied() -> None:
    Path("flows/old.py").write_text(OLD.rstrip("\n"))
    patch = installed("migrate", "flows/old.py").stdout

    applied = subprocess.run(
        ["git", "apply", "-"], input=patch, text=True, capture_output=True, check=False
    )

    assert applied.stderr == ""
    assert Path("flows/old.py").read_text() == NEW.rstrip("\n")


def test_migrate_reports_what_is_left_with_its_place_and_exits_with_2() -> None:
    Path("flows/ours.py").write_text(SUBCLASS)

    result = invoke("migrate", "flows/ours.py", "--write")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "flows/ours.py:4:12: AWSProvider is left as it is. V3 has one Provider for all platforms, "
        "and no subclasses. Make a function that returns Provider(config=AwsConfig(...)), or write "
        "a plugin for what is new about it.\n"
        "1 file looked at, nothing to migrate. 1 place left for you to decide.\n"
    )
    assert Path("flows/ours.py").read_text() == SUBCLASS


def test_places_are_those_of_the_file_as_it_is_written() -> None:
    text = OLD + "make = LocalProvider\n"
    Path("flows/old.py").write_text(text)

    shown = invoke("migrate", "flows/old.py")
    written = invoke("migrate", "flows/old.py", "--write")

    lines = Path("flows/old.py").read_text().splitlines()
    assert "flows/old.py:4:8: LocalProvider" in shown.stderr
    assert "flows/old.py:6:8: LocalProvider" in written.stderr
    assert lines[5] == "make = LocalProvider"


def test_module_that_is_no_python_is_an_error_and_the_others_are_migrated() -> None:
    Path("flows/broken.py").write_text("from glacier import task\ndef (:\n")

    result = invoke("migrate", "flows", "--write")

    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    assert result.exit_code == 1
    assert result.stdout == "migrated flows/old.py\n"
    assert result.stderr == (
        f"flows/broken.py:2:5: This is no {python} that can be read: invalid syntax.\n"
        "3 files looked at, 1 migrated. 1 error.\n"
    )
    assert Path("flows/broken.py").read_text() == "from glacier import task\ndef (:\n"


@pytest.mark.parametrize("content", [b"\xff\x00\xfe", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n"])
def test_file_without_signs_of_v2_may_hold_any_bytes(content: bytes) -> None:
    Path("flows/bytes.py").write_bytes(content)

    result = invoke("migrate", "flows/bytes.py")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "1 file looked at, nothing to migrate.\n"


def test_file_that_is_no_text_is_an_error_and_the_others_are_migrated() -> None:
    Path("flows/bytes.py").write_bytes(b"from glacier.providers import AWSProvider  # \xe9\n")

    result = invoke("migrate", "flows")

    assert result.exit_code == 1
    assert result.stdout == DIFF
    assert "flows/bytes.py:1:1: This can't be decoded: " in result.stderr
    assert "Save it as UTF-8, or declare its encoding" in result.stderr
    assert "3 files looked at, 1 would change." in result.stderr


def test_path_that_is_not_there_stops_it_before_anything_is_written() -> None:
    result = invoke("migrate", "flows", "flow", "--write")

    assert result.exit_code == 1
    assert "There is no 'flow'." in result.stderr
    assert Path("flows/old.py").read_text() == OLD


def test_migrate_of_nothing_is_an_error() -> None:
    result = invoke("migrate", "nowhere")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: There is no 'nowhere'. Name modules, or folders that hold them.\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes among files there")
def test_pipe_that_is_named_is_an_error(project: Path) -> None:
    os.mkfifo(project / "pipe.py")

    result = invoke("migrate", "pipe.py")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: 'pipe.py' is neither a file nor a folder. Name modules, or folders that hold "
        "them.\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes among files there")
def test_pipe_in_a_folder_is_not_waited_for(project: Path) -> None:
    os.mkfifo(project / "flows" / "pipe.py")

    result = invoke("migrate", "flows", "--write")

    assert result.stderr == "2 files looked at, 1 migrated.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a path may be longer there")
def test_folder_that_can_not_be_listed_is_an_error_and_the_others_are_migrated(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    for _ in range(17):  # a path may have 4096 bytes, for root too
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    os.chdir(project)

    result = invoke("migrate", ".", "--write")

    assert result.exit_code == 1
    assert "/ddd" in result.stderr
    assert ":1:1: This can't be read: File name too long.\n" in result.stderr
    assert "migrated flows/old.py\n" in result.stdout
    assert result.stderr.endswith("1 migrated. 1 error.\n")


def test_folder_is_walked_without_what_is_not_the_users(project: Path) -> None:
    installed_to = "conda/lib/python3.12/site-packages/ours"
    for name in (".venv/lib", ".hidden", "flows/__pycache__", "env/lib", installed_to):
        (project / name).mkdir(parents=True)
        (project / name / "module.py").write_text(OLD)
    (project / "env" / "pyvenv.cfg").write_text("home = /usr\n")
    (project / "outside.py").symlink_to(project / ".hidden" / "module.py")
    (project / "linked").symlink_to(project / ".hidden")
    (project / "notes.txt").write_text(OLD)
    (project / "flows" / "deeper").mkdir()
    (project / "flows" / "deeper" / "stub.pyi").write_text(OLD)

    result = invoke("migrate", ".", "--write")

    assert result.stdout == "migrated flows/deeper/stub.pyi\nmigrated flows/old.py\n"


def test_file_that_is_named_counts_once_whatever_it_is_called(project: Path) -> None:
    (project / "script").write_text(OLD)

    result = invoke("migrate", "script", "./script", ".", "--write")

    assert result.stdout == "migrated script\nmigrated flows/old.py\n"


def test_symlink_that_is_named_stays_one(project: Path) -> None:
    (project / "link.py").symlink_to(project / "flows" / "old.py")

    invoke("migrate", "link.py", "--write")

    assert (project / "link.py").is_symlink()
    assert (project / "flows" / "old.py").read_text() == NEW


def test_mode_of_a_file_is_kept_and_no_draft_stays() -> None:
    Path("flows/old.py").chmod(0o751)

    invoke("migrate", "flows", "--write")

    assert Path("flows/old.py").stat().st_mode & 0o7777 == 0o751
    assert sorted(path.name for path in Path("flows").iterdir()) == ["new.py", "old.py"]


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root may give a file to another"
)
def test_owner_of_a_file_is_kept() -> None:
    os.chown("flows/old.py", 1234, 1235)

    invoke("migrate", "flows", "--write")

    status = Path("flows/old.py").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1235)


def test_write_protected_file_stays_and_is_an_error() -> None:
    Path("flows/old.py").chmod(0o444)

    result = invoke("migrate", "flows", "--write")

    assert result.exit_code == 1
    assert result.stderr == (
        "flows/old.py: not written: It is write-protected.\n"
        "2 files looked at, 0 migrated. 1 error.\n"
    )
    assert Path("flows/old.py").read_text() == OLD


def test_file_that_has_changed_since_it_was_read_stays() -> None:
    result = migrate_file(Path("flows/old.py"))
    Path("flows/old.py").write_text(SUBCLASS)

    with pytest.raises(OSError, match=r"It has changed since it was read\. Migrate it again"):
        write_file(result)

    assert Path("flows/old.py").read_text() == SUBCLASS
    assert sorted(path.name for path in Path("flows").iterdir()) == ["new.py", "old.py"]


def test_module_that_fails_is_an_error_and_the_others_are_migrated() -> None:
    """A plugin whose config can't be imported makes the migration itself fail."""
    Path("flows/aws.py").write_text(
        'from glacier.providers import AWSProvider\n\np = AWSProvider("us-east-1")\n'
    )

    ran = migrated_without("glacier_aws.config", "flows", "--write")

    assert ran.returncode == 1
    assert ran.stdout == "migrated flows/old.py\n"
    assert ran.stderr.startswith(
        "flows/aws.py:1:1: This can't be migrated, and stays: PluginError: "
        "'glacier_aws.config:AwsConfig', which a plugin registers, can't be imported: "
    )
    assert ran.stderr.endswith("3 files looked at, 1 migrated. 1 error.\n")
    assert "Traceback" not in ran.stderr


def test_module_that_fails_shows_its_traceback_if_it_is_asked_for() -> None:
    Path("flows/aws.py").write_text(
        'from glacier.providers import AWSProvider\n\np = AWSProvider("us-east-1")\n'
    )

    ran = migrated_without("glacier_aws.config", "flows", "--traceback")

    assert ran.returncode == 1
    assert "Traceback (most recent call last):" in ran.stderr
    assert "\nglacier.errors.PluginError: 'glacier_aws.config:AwsConfig'" in ran.stderr
    assert "flows/aws.py:1:1: This can't be migrated, and stays: PluginError: " in ran.stderr


def test_notebook_is_reported_and_stays(project: Path) -> None:
    notebook = '{"cells": [\n {"source": ["from glacier.providers import AWSProvider"]}\n]}\n'
    (project / "explore.ipynb").write_text(notebook)
    (project / "other.ipynb").write_text('{"cells": []}')

    result = invoke("migrate", ".", "--write")

    assert result.exit_code == 2
    assert result.stderr == (
        "explore.ipynb:2:45: AWSProvider is left as it is, since notebooks are not migrated. "
        "Change the cells by hand, or export them as a module and migrate that.\n"
        "4 files looked at, 1 migrated. 1 place left for you to decide.\n"
    )
    assert (project / "explore.ipynb").read_text() == notebook


def test_config_of_a_package_that_is_missing_is_reported_with_what_to_install() -> None:
    Path("flows/aws.py").write_text(
        'from glacier.providers import AWSProvider\n\np = AWSProvider("us-east-1")\n'
    )

    ran = migrated_without("glacier_aws", "flows/aws.py")

    assert ran.returncode == 2
    assert "flows/aws.py:3:5: AWSProvider is left as it is. AwsConfig needs a package" in ran.stderr
    assert 'pip install "glacier-core[aws]"' in ran.stderr


def test_migrate_without_libcst_says_what_to_install() -> None:
    ran = migrated_without("libcst", "flows")

    assert ran.returncode == 1
    assert ran.stderr == (
        'Error: glacier migrate needs libcst. Run: pip install "glacier-core[migrate]"\n'
    )


def migrated_without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # None in `sys.modules` is a module that can't be imported.
    program = f"import sys; sys.modules[{module!r}] = None; from glacier.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "migrate", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
