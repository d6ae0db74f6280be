"""How requests to Google are tried again."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.api_core.retry import Retry
from google.auth.exceptions import TransportError
from requests import ConnectionError as RequestsConnectionError
from requests import Timeout
from requests.exceptions import ChunkedEncodingError

P = ParamSpec("P")
T = TypeVar("T")

_PASSING_STATUSES = {408, 429, 500, 502, 503, 504}
"""The answers after which Google asks to try again:
https://cloud.google.com/storage/docs/retry-strategy#retryable"""

_PASSING = (
    ConnectionError,
    RequestsConnectionError,
    Timeout,
    ChunkedEncodingError,
    TransportError,
)
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 8


class PatientRetry(Retry):
    """Google's own tries again, but for when they begin to count and how they end.

    Their time is counted from the first failure. Google's is counted from the first try, so that
    one which got no answer until its time was out would have been the only one. And the last
    error is raised as it is, since it says more than that there was no time left.
    """

    def __call__(
        self, func: Callable[P, T], on_error: Callable[[Exception], Any] | None = None
    ) -> Callable[P, T]:
        """Return a function that tries again."""
        again = cast("Callable[P, T]", super().__call__(func, on_error))

        @wraps(func)
        def tried(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return func(*args, **kwargs)
            except Exception as error:
                if not (self._timeout and self._predicate(error)):
                    raise
            time.sleep(random.uniform(0, self._initial))  # noqa: S311 - no secret
            try:
                return again(*args, **kwargs)
            except RetryError as error:
                last = error.cause
            raise last

        return tried


def retries(timeout_seconds: float) -> PatientRetry:
    """Return how a request that may be made twice is tried again.

    Args:
        timeout_seconds: For how long after the first failure; 0 for not at all.
    """
    return PatientRetry(
        predicate=_passes,
        initial=FIRST_PAUSE_SECONDS,
        maximum=LONGEST_PAUSE_SECONDS,
        timeout=timeout_seconds,
    )


def _passes(error: Exception) -> bool:
    """Return whether what went wrong may go well the next time."""
    is_refused = isinstance(error, GoogleAPICallError) and error.code in _PASSING_STATUSES
    return is_refused or isinstance(error, _PASSING)
