"""The Google Cloud configs."""

import pytest
from pydantic import SecretStr, ValidationError

from glacier.errors import ConfigError
from glacier_gcp.config import GcpConfig, GcsConfig
from glacier_gcp.hooks import glacier_config_from_env


def test_from_env_reads_the_standard_variables() -> None:
    environ = {
        "GOOGLE_CLOUD_PROJECT": "my-project",
        "GCP_PROJECT": "other",
        "GOOGLE_CLOUD_REGION": "europe-west3",
        "GOOGLE_CLOUD_ZONE": "europe-west3-a",
        "GOOGLE_APPLICATION_CREDENTIALS": "key.json",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "etl@my-project.iam.gserviceaccount.com",
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:4443",
    }

    config = GcpConfig.from_env(environ)

    assert config == GcpConfig(
        project="my-project",
        region="europe-west3",
        zone="europe-west3-a",
        service_account_key_path="key.json",
        impersonate_service_account="etl@my-project.iam.gserviceaccount.com",
        endpoint="http://127.0.0.1:4443",
    )


@pytest.mark.parametrize("variable", ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"])
def test_from_env_needs_the_project_alone(variable: str) -> None:
    assert GcpConfig.from_env({variable: "p"}) == GcpConfig(project="p")


def test_from_env_without_a_project_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="Set GOOGLE_CLOUD_PROJECT"):
        GcpConfig.from_env({})


def test_key_and_its_path_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        GcpConfig(
            project="p", service_account_key=SecretStr("{}"), service_account_key_path="key.json"
        )


def test_repr_shows_no_secret() -> None:
    config = GcpConfig(project="p", service_account_key=SecretStr("k3y"))

    assert "k3y" not in repr(config)


@pytest.mark.parametrize("variable", ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"])
def test_environment_is_claimed_by_the_project(variable: str) -> None:
    assert glacier_config_from_env({variable: "p"}) == GcpConfig(project="p")


def test_environment_without_a_project_is_not_claimed() -> None:
    assert glacier_config_from_env({"GOOGLE_CLOUD_REGION": "europe-west3"}) is None


def test_gcs_config_has_the_documented_defaults() -> None:
    config = GcsConfig()

    assert config.storage_class == "STANDARD"
    assert config.versioning is False
    assert config.lifecycle_rules is None
    assert config.uniform_bucket_level_access is True
