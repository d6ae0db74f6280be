"""What the `glacier` command says where a pipeline's function fails, or a run is stopped."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.core.cli_project import invoke, project_in

TROUBLE = """
    import time

    from glacier import Provider, pipeline, task
    from glacier.config import LocalConfig

    @pipeline
    def boom():
        fail()

    def fail():
        raise ValueError("no\\nreally")

    @pipeline
    def silent():
        raise KeyError

    @pipeline
    def reading():
        Provider(config=LocalConfig()).bucket("lake", "none.parquet").read()

    @task
    def quick():
        pass

    @task(depends_on=[quick])
    def sleep():
        print("asleep", flush=True)
        time.sleep(60)

    @pipeline
    def slow():
        quick()
        sleep()
"""
COMMANDS = ["run", "check", "plan", "graph"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_in(tmp_path, monkeypatch) as directory:
        (directory / "trouble.py").write_text(dedent(TROUBLE), encoding="utf-8")
        yield directory


@pytest.mark.parametrize("command", COMMANDS)
def test_failing_function_is_told_on_one_line_and_exits_with_1(command: str) -> None:
    result = invoke(command, "trouble.py:boom")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The function of pipeline 'boom' failed: ValueError: no (trouble.py, line 12). "
        "--traceback shows more.\n"
    )


def test_failing_function_without_a_message_is_told_by_the_type() -> None:
    result = invoke("run", "trouble.py:silent")

    assert result.stderr.startswith("Error: The function of pipeline 'silent' failed: KeyError (")


def test_failing_function_shows_its_traceback_and_nothing_else() -> None:
    result = invoke("run", "trouble.py:boom", "--traceback")

    assert result.exit_code == 1
    assert result.stderr.count("ValueError: no") == 1
    assert result.stderr.endswith("ValueError: no\nreally\n")
    assert "--traceback shows more" not in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_function_that_a_store_refuses_exits_with_1(command: str) -> None:
    result = invoke(command, "trouble.py:reading")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Nothing is at file://")


def test_error_is_told_once_with_its_traceback() -> None:
    result = invoke("run", "trouble.py:reading", "--traceback")

    assert result.exit_code == 1
    assert result.stderr.count("Nothing is at file://") == 1


@pytest.mark.parametrize("command", [[], *([one] for one in COMMANDS), ["plugins"], ["demo"]])
def test_help_has_a_short_option(command: list[str]) -> None:
    short, long = invoke(*command, "-h"), invoke(*command, "--help")

    assert short.exit_code == 0
    assert short.stdout == long.stdout
    assert "Usage:" in short.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_interrupted_run_says_how_far_it_got_and_exits_with_130() -> None:
    command = [str(Path(sys.executable).with_name("glacier")), "run", "trouble.py:slow"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline() not in {"asleep\n", ""}:
            pass

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert out.splitlines()[-1].startswith("INTERRUPTED  slow  ")
    assert "1 succeeded" in out.splitlines()[-1]
    assert "FAILED  " not in out
    assert err == "Interrupted. Writes that were committed stay; nothing else was changed.\n"
