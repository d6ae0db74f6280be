"""Requests are tried again for as long as the config says, counted from the first failure."""

import time

import pytest
from google.api_core.exceptions import Forbidden, ServiceUnavailable

from glacier_gcp.http import NoAnswerError
from glacier_gcp.retries import retries


class Attempts:
    """What fails as it is told, and then no more; counts its calls."""

    def __init__(self, *failures: Exception, seconds: float = 0) -> None:
        self._failures = list(failures)
        self._seconds = seconds
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        time.sleep(self._seconds)
        if self._failures:
            raise self._failures.pop(0)
        return "done"


@pytest.mark.parametrize("error", [NoAnswerError("reset"), ServiceUnavailable("busy")])
def test_what_passes_is_tried_again(error: Exception) -> None:
    attempts = Attempts(error, error)

    assert retries(10)(attempts)() == "done"
    assert attempts.made == 3


def test_try_that_got_no_answer_for_longer_than_all_tries_may_take_gets_another() -> None:
    attempts = Attempts(NoAnswerError("silent"), seconds=0.1)

    assert retries(0.01)(attempts)() == "done"
    assert attempts.made == 2


def test_last_error_is_raised_as_it_is() -> None:
    attempts = Attempts(*(ServiceUnavailable(f"busy {number}") for number in range(100)))

    with pytest.raises(ServiceUnavailable, match=r"busy \d") as caught:
        retries(0.05)(attempts)()

    assert str(attempts.made - 1) in str(caught.value)


def test_refusal_is_not_tried_again() -> None:
    attempts = Attempts(Forbidden("no"))

    with pytest.raises(Forbidden):
        retries(10)(attempts)()

    assert attempts.made == 1


def test_nothing_is_tried_again_within_no_time() -> None:
    attempts = Attempts(NoAnswerError("reset"))

    with pytest.raises(NoAnswerError):
        retries(0)(attempts)()

    assert attempts.made == 1
