"""What all tests share."""

import os

import pytest

# The prefixes of the variables that decide a platform, an identity or an endpoint.
PLATFORM_VARIABLES = ("AWS_", "AZURE_", "CLOUDSDK_", "DATABRICKS_", "GCP_", "GLACIER_", "GOOGLE_")
KEPT_VARIABLES = ("AWS_CA_BUNDLE",)


@pytest.fixture(autouse=True)
def no_ambient_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own cloud from every test."""
    for name in list(os.environ):
        if name.startswith(PLATFORM_VARIABLES) and name not in KEPT_VARIABLES:
            monkeypatch.delenv(name)
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
