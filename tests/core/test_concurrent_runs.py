"""Two runs at once, in processes of their own."""

import subprocess
import sys
from pathlib import Path

from glacier import Provider

RUN = """
import sys
import polars as pl
from glacier import Provider, pipeline, task
from glacier.config import LocalConfig

writer = int(sys.argv[2])
dataset = Provider(config=LocalConfig(base_path=sys.argv[1])).bucket("lake", "events/")

@task
def make(turn):
    return pl.LazyFrame({"part": [0, 1, 2], "writer": [writer] * 3, "turn": [turn] * 3})

@task
def append(frame):
    dataset.write(frame, mode="append", partition_by="part")

@pipeline
def appending():
    for turn in range(10):
        append(make(turn))

print("ready", flush=True)
sys.stdin.readline()
appending.run()
"""


def test_appends_of_two_runs_at_once_all_survive(provider: Provider, base_path: Path) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, str(base_path), str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for writer in range(2)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"

    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    for run in runs:
        with run:
            assert run.wait(60) == 0

    dataset = provider.bucket("lake", "events/").read()
    rows = dataset.sort("writer", "turn", "part").select("writer", "turn", "part").rows()
    assert rows == [(w, t, p) for w in range(2) for t in range(10) for p in range(3)]
