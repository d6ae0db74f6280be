"""A project with pipelines, and the `glacier` command in it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner, Result

from glacier.cli.app import app

FLOWS = """
    from datetime import date
    from enum import Enum
    from pathlib import Path
    from typing import TYPE_CHECKING, Literal, Optional

    import polars as pl

    from glacier import Provider, pipeline, task
    from glacier.config import LocalConfig

    if TYPE_CHECKING:
        from decimal import Decimal

    class Colour(Enum):
        RED = "red"

    @task
    def source():
        return pl.LazyFrame({"a": [1, 2]})

    @task
    def double(frame, column):
        return frame.select(pl.col(column) * 2)

    @task
    def save(frame, target):
        target.write(frame)

    @task(depends_on=[save])
    def after():
        pass

    @pipeline
    def daily(base_path: Path, column: str = "a"):
        target = Provider(config=LocalConfig(base_path=base_path)).bucket("out", "x.parquet")
        save(double(source(), column), target)
        after()

    @pipeline
    def typed(
        number: int = 0, share: float = 0.0, is_new: bool = False, text: str = "", day: date = None,
        path: Path = None, tags: list[str] = (), limit: Optional[int] = 0,
        mode: Literal["fast", "safe"] = "fast", level: Literal[1, 2] = 1, colour: Colour = None,
        late: "int | None" = None, price: "Decimal | None" = None,
        source: Provider = None, any=None,
    ):
        print(*[repr(value) for value in locals().values() if value], sep="|")

    @pipeline
    def rest(**numbers: int):
        print(numbers)

    @pipeline
    def circular():
        after()

    not_a_pipeline = 3
"""


@contextmanager
def project_in(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a directory the working directory, with `flows.py`; its modules are forgotten later."""
    (directory / "flows.py").write_text(dedent(FLOWS), encoding="utf-8")
    monkeypatch.chdir(directory)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    before = set(sys.modules)
    yield directory
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(directory):
            del sys.modules[name]


def invoke(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, arguments)


def installed(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("glacier")), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
