"""A whole pipeline runs inside a Cloud Function, on a schedule of Cloud Scheduler."""

import pytest

from glacier import Provider, Serverless
from glacier_gcp.function.request import job_name
from tests.functions.pipeline_cases import PipelinesInFunctions, Platform
from tests.glacier_gcp.functions import scheduler
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer


class TestPipelines(PipelinesInFunctions):
    config = "GcpConfig"
    schedule = "0 6 * * *"

    @pytest.fixture
    def platform(self, gcp_server: GcpServer, lake: Objects) -> Platform:
        self._server = gcp_server
        provider = Provider(gcp_server.config())
        provider.bucket(lake.name, "")  # its account gets rights on what the provider declares
        return Platform(provider, None, lake.name)

    def present_schedule(self, function: Serverless) -> str:
        return str(scheduler(self._server).get_job(name=job_name(function)).schedule)
