"""What an executor says where its platform does not answer."""

import re
from typing import ClassVar

import pytest

from glacier import Executor
from glacier.errors import JobConnectionError
from glacier.job_status import JobStatus
from glacier.jobs.submit import died


class SilenceOnExecutors:
    """What holds where the platform of an executor does not answer.

    A subclass binds `unreachable`, an executor of such a platform that gives up at once.

    Attributes:
        job_id: What a job could be called there.
        silence: How the platform's errors say it, as a pattern.
    """

    job_id: ClassVar[str]
    silence: ClassVar[str]

    @pytest.mark.parametrize("ask", ["get_job_status", "cancel_job", "get_job_logs"])
    def test_silence_is_an_error_that_core_waits_out(self, unreachable: Executor, ask: str) -> None:
        with pytest.raises(JobConnectionError, match=self.silence) as failure:
            getattr(unreachable, ask)(self.job_id)

        assert self.job_id in str(failure.value)

    def test_job_that_died_is_told_of_though_its_log_can_not_be_read(
        self, unreachable: Executor
    ) -> None:
        place = unreachable.provider.bucket("staging", "jobs/1/")

        error = died(unreachable.adapter, self.job_id, JobStatus.FAILED, place)

        assert f"The job {self.job_id} ended without a result (FAILED)" in str(error)
        assert re.search(self.silence, str(error))
