"""What a run has printed, and why it has failed."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from databricks.sdk.errors import BadRequest, NotFound

from glacier.job_status import JobStatus
from glacier_databricks.job.states import end_of, status_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CUT = "[... the beginning is left out ...]\n"


def log_of(run: Mapping[str, Any], workspace: "WorkspaceClient") -> str:
    """Return the log of a run: what it printed, its traceback, and what Databricks says of it.

    Args:
        run: The run, as the API tells of it.
        workspace: The client of its workspace.

    Raises:
        DatabricksError: The log can't be read.
    """
    status = status_of(run)
    tasks = run.get("tasks") or [{}]
    printed = trace = error = ""
    try:
        output = workspace.jobs.get_run_output(int(tasks[0].get("run_id") or run["run_id"]))
    except (BadRequest, NotFound):
        # A run has none before it has begun, and may never have.
        if status is JobStatus.SUCCEEDED:
            raise
    else:
        printed = f"{_CUT if output.logs_truncated else ''}{_closed(output.logs)}"
        trace, error = _closed(output.error_trace), output.error or ""
    if status in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return "".join([printed, "" if trace in printed else trace, _verdict(run, error)])
    return printed


def _verdict(run: Mapping[str, Any], error: str) -> str:
    """Return what Databricks says of an end, as the last line of a log."""
    code, message = end_of(run)
    said = " ".join(_COLOURS.sub("", error or message).split())
    return f"Databricks: {': '.join(filter(None, (code, said)))}\n"


def _closed(text: str | None) -> str:
    """Return a text without its colours, that ends with a line break unless it is empty."""
    plain = _COLOURS.sub("", text or "")
    return plain if not plain or plain.endswith("\n") else f"{plain}\n"
