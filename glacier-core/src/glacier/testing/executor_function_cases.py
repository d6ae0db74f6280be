"""Cases of functions: they travel with their arguments, and their results or errors come back.

They are made inside the tests, as closures: no platform has this module.
"""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier.errors import RemoteError
from glacier.job_status import JobStatus
from glacier.resources import Executor
from glacier.testing.executor_base import ExecutorBase, finished
from glacier.testing.rig import Rig

MANY_BYTES = 20_000_000
MANY_ROWS = 1_000_000


class FunctionCases(ExecutorBase):
    """Functions with arguments and results."""

    def test_function_returns_values_and_frames_as_they_were(
        self, rig: Rig, executor: Executor
    ) -> None:
        def describe(name: str, *, weights: dict[str, float]) -> dict[str, Any]:
            import polars as pl

            print(f"für {name}")  # noqa: T201 - what the job's log shows
            rows = pl.DataFrame({"größe": [1, None, 3], "名": ["a", "數", "🧊"]})
            return {
                "values": [None, True, 1, 2.5, name, {"weights": weights}],
                "eager": rows,
                "lazy": rows.lazy(),
            }

        job = {
            "function": describe,
            "args": ["Zoë 🧊"],
            "kwargs": {"weights": {"größe": 0.5}},
            "name": "beschreiben für 数据 🧊",
        }
        job_id, status = finished(rig, executor, job)

        result = executor.get_job_result(job_id)

        expected = pl.DataFrame({"größe": [1, None, 3], "名": ["a", "數", "🧊"]})
        assert (status, result.status) == (JobStatus.SUCCEEDED, JobStatus.SUCCEEDED)
        assert result.value["values"] == [
            *(None, True, 1, 2.5, "Zoë 🧊"),
            {"weights": {"größe": 0.5}},
        ]
        assert isinstance(result.value["eager"], pl.DataFrame)
        assert isinstance(result.value["lazy"], pl.LazyFrame)
        assert_frame_equal(result.value["eager"], expected)
        assert_frame_equal(result.value["lazy"].collect(), expected)
        assert "für Zoë 🧊" in executor.get_job_logs(job_id)

    def test_function_gets_and_returns_much(self, rig: Rig, executor: Executor) -> None:
        def turn_round(data: bytes, rows: pl.DataFrame) -> tuple[str, pl.DataFrame, int]:
            return data.decode()[::-1], rows.reverse(), len(data)

        data = b"a" + b"b" * (MANY_BYTES - 1)
        rows = pl.select(number=pl.int_range(MANY_ROWS), text=pl.int_range(MANY_ROWS).cast(str))
        job_id, _ = finished(rig, executor, {"function": turn_round, "args": [data, rows]})

        text, turned, length = executor.get_job_result(job_id).value

        assert length == MANY_BYTES
        assert text == data.decode()[::-1]
        assert_frame_equal(turned, rows.reverse())

    def test_function_that_raises_fails_with_the_cause(self, rig: Rig, executor: Executor) -> None:
        def divide(rows: int) -> float:
            try:
                return 1 / rows
            except ZeroDivisionError as error:
                raise ArithmeticError("no rows to divide by, größe 🧊") from error

        job_id, status = finished(rig, executor, {"function": divide, "args": [0]})

        with pytest.raises(RemoteError, match="no rows to divide by, größe 🧊") as failure:
            executor.get_job_result(job_id)
        assert status is JobStatus.FAILED
        assert failure.value.remote_type == "ArithmeticError"
        assert "in divide" in failure.value.remote_traceback
        assert "ZeroDivisionError: division by zero" in failure.value.remote_traceback
        assert failure.value.remote_traceback.rstrip() in str(failure.value)
        assert "ArithmeticError: no rows to divide by, größe 🧊" in executor.get_job_logs(job_id)
