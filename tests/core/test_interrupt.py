"""Ctrl-C while a run has more tasks than threads."""

import signal
import subprocess
import sys
import time

import pytest

RUN = """
import threading
from glacier import pipeline, task

@task
def wait(number):
    if number == 0:
        print("started", flush=True)
    threading.Event().wait(60)

@pipeline(max_workers=2)
def waiting():
    for number in range(20):
        wait(number)

waiting.run()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C is another thing")
def test_interrupt_stops_a_run_whose_threads_are_all_busy() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=50)

    assert "KeyboardInterrupt" in errors
    assert process.returncode != 0
    assert time.monotonic() - sent < 30
