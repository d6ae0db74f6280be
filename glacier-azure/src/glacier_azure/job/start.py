"""Starting a batch once, though its request may have to be repeated.

The API takes no token: a request whose answer was lost may have started a batch. So each batch is
tagged with a name that no other one has, and before a request is repeated the pool's batches are
looked through for it.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError
from azure.synapse.spark.models import SparkBatchJob, SparkBatchJobOptions

from glacier_azure.job.definition import token_of
from glacier_azure.job.errors import is_lost, is_throttled

if TYPE_CHECKING:
    from azure.synapse.spark import SparkClient

_LOOKS = 3
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 15.0
_CLOCK_SKEW = timedelta(hours=1)
_BATCHES_PER_PAGE = 20  # the API has no larger ones
_MOST_PAGES = 50


def start_batch(
    client: "SparkClient", options: Mapping[str, Any], token: str, *, patience_seconds: float
) -> int:
    """Start a batch and return its id.

    Args:
        client: The pool's client.
        options: The batch, as the API takes it.
        token: The submission's own name, which the batch is tagged with.
        patience_seconds: How long to try where Azure is busy or does not answer.

    Raises:
        AzureError: Synapse refuses, or doesn't answer.
    """
    wanted = SparkBatchJobOptions.from_dict(dict(options))  # type: ignore[no-untyped-call]
    begin = datetime.now(UTC)
    deadline, pause = time.monotonic() + patience_seconds, _FIRST_PAUSE_SECONDS
    is_in_doubt = False
    while True:
        try:
            # By itself the SDK would repeat it without a look.
            answer = client.spark_batch.create_spark_batch_job(wanted, detailed=True, retry_total=0)
        except AzureError as error:
            is_in_doubt = is_in_doubt or is_lost(error)
            if is_in_doubt:  # it may come late, upon which its name is refused a second time
                try:
                    found = _found(client, token, begin - _CLOCK_SKEW)
                except AzureError as problem:
                    raise error from problem  # whether there is a batch is not known
                if found is not None:
                    return found
            may_go_on = is_lost(error) or is_throttled(error)
            if not may_go_on or time.monotonic() + pause > deadline:
                raise
        else:
            return int(answer.id)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def told(batch: SparkBatchJob) -> dict[str, Any]:
    """Return a batch as the API has told of it."""
    found: dict[str, Any] = batch.serialize()  # type: ignore[no-untyped-call]
    return found


def _found(client: "SparkClient", token: str, since: datetime) -> int | None:
    """Return the batch with a token; looked for several times, since it may come late."""
    for look in range(_LOOKS):
        time.sleep(look * _FIRST_PAUSE_SECONDS)
        for page in range(_MOST_PAGES):
            batches: list[SparkBatchJob] = (
                client.spark_batch.get_spark_batch_jobs(
                    from_parameter=page * _BATCHES_PER_PAGE, size=_BATCHES_PER_PAGE, detailed=True
                ).sessions
                or []
            )
            for batch in batches:
                if token_of(told(batch)) == token:
                    return int(batch.id)
            if len(batches) < _BATCHES_PER_PAGE or _is_past(batches, since):
                break
    return None


def _is_past(batches: Sequence[SparkBatchJob], since: datetime) -> bool:
    """Return whether the pages that follow have older batches than that: the API says no order."""
    first, last = batches[0], batches[-1]
    submitted = last.scheduler.submitted_at if last.scheduler is not None else None
    return int(first.id) > int(last.id) and submitted is not None and submitted < since
