"""A whole pipeline runs inside a function app, on its timer."""

import json
import zipfile

import pytest

from glacier import Provider, Serverless
from tests.functions.pipeline_cases import PipelinesInFunctions, Platform
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.server import AzureServer


class TestPipelines(PipelinesInFunctions):
    config = "AzureConfig"
    schedule = "0 0 6 * * *"
    in_terraform = False  # a timer is part of an app's code

    @pytest.fixture
    def platform(self, azure: AzureServer) -> Platform:
        return Platform(Provider(azure.config()), None, Blobs(azure.azurite).name)

    def present_schedule(self, function: Serverless) -> str:
        with zipfile.ZipFile(function.package()) as archive:
            return str(json.loads(archive.read("glacier.json"))["schedule"])
