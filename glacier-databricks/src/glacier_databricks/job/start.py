"""Starting a run once, though its request may have to be repeated.

Databricks takes a token with a submission, and answers one that it knows with the run that it has
started before.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from glacier_databricks.job.errors import FAILURES, is_passing

if TYPE_CHECKING:
    from databricks.sdk.core import ApiClient

_SUBMIT = "/api/2.2/jobs/runs/submit"
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 15.0


def start_run(client: "ApiClient", fields: Mapping[str, Any], *, patience_seconds: float) -> int:
    """Start a one-time run and return its id.

    Args:
        client: The workspace's client.
        fields: The run as the API takes it, with its idempotency token.
        patience_seconds: How long to try where the workspace is busy or does not answer.

    Raises:
        DatabricksError: Databricks refuses.
        RequestException: It does not answer.
        TimeoutError: The same, for as long as the client tries by itself.
    """
    deadline, pause = time.monotonic() + patience_seconds, _FIRST_PAUSE_SECONDS
    while True:
        try:
            # As the API takes it: the SDK's own types drop what they don't know.
            answer = client.do("POST", _SUBMIT, body=dict(fields))
        except FAILURES as error:
            if not is_passing(error) or time.monotonic() + pause > deadline:
                raise
        else:
            return int(cast("dict[str, int]", answer)["run_id"])
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
