"""The Google Cloud configs."""

import json
import pickle
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from glacier import Provider
from glacier.config.base import at_home, elsewhere
from glacier.errors import ConfigError, PackageError
from glacier.known_secrets import check_no_secret
from glacier_gcp.config import GcpConfig
from glacier_gcp.hooks import glacier_config_from_env

PEM = "-----BEGIN PRIVATE KEY-----\nk3y-canary\n-----END PRIVATE KEY-----\n"
KEY = json.dumps({"type": "service_account", "client_email": "etl@p", "private_key": PEM})
ETL = "etl@my-project.iam.gserviceaccount.com"


def test_from_env_reads_the_standard_variables() -> None:
    environ = {
        "GOOGLE_CLOUD_PROJECT": "my-project",
        "GCP_PROJECT": "other",
        "GOOGLE_CLOUD_REGION": "europe-west3",
        "GOOGLE_CLOUD_ZONE": "europe-west3-a",
        "GOOGLE_APPLICATION_CREDENTIALS": "key.json",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": ETL,
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:4443",
    }

    config = GcpConfig.from_env(environ)

    assert config == GcpConfig(
        project="my-project",
        region="europe-west3",
        zone="europe-west3-a",
        service_account_key_path="key.json",
        impersonate_service_account=ETL,
        endpoint="http://127.0.0.1:4443",
    )


@pytest.mark.parametrize("variable", ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"])
def test_from_env_needs_the_project_alone(variable: str) -> None:
    environ = {variable: "p", "GOOGLE_APPLICATION_CREDENTIALS": ""}

    assert GcpConfig.from_env(environ) == GcpConfig(project="p")


def test_from_env_without_a_project_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="Set GOOGLE_CLOUD_PROJECT"):
        GcpConfig.from_env({})


def test_region_that_nobody_names_is_not_set() -> None:
    config = GcpConfig.from_env({"GOOGLE_CLOUD_PROJECT": "p"})

    assert config.region == "us-central1"
    assert "region" not in config.model_fields_set


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("127.0.0.1:4443", "http://127.0.0.1:4443"),
        ("localhost:4443/", "http://localhost:4443"),
        ("https://storage.internal", "https://storage.internal"),
    ],
)
def test_address_of_an_emulator_is_read_as_googles_clients_do(given: str, endpoint: str) -> None:
    config = GcpConfig.from_env({"GCP_PROJECT": "p", "STORAGE_EMULATOR_HOST": given})

    assert config.endpoint == endpoint


def test_key_is_in_no_repr_and_no_pickle() -> None:
    config = GcpConfig(project="p", service_account_key=SecretStr(KEY))

    shown = f"{config!r} {config} {config.model_dump_json()} {Provider(config=config)!r}"

    assert "canary" not in shown
    assert b"canary" not in pickle.dumps(config)


@pytest.mark.parametrize("written", [KEY, json.dumps(json.loads(KEY), indent=4), PEM])
def test_key_is_found_in_what_leaves_however_it_is_written(written: str) -> None:
    config = GcpConfig(project="p", service_account_key=SecretStr(KEY))

    with pytest.raises(PackageError, match=r"key\.json holds the secret GcpConfig\.service_acc"):
        check_no_secret("key.json", written.encode())

    assert config.service_account_key == SecretStr(KEY)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"service_account_key": KEY, "service_account_key_path": "key.json"},
            "service_account_key and service_account_key_path exclude each other; set one",
        ),
        ({"service_account_key": "k3y-canary"}, "expected the JSON text of a service account's"),
        ({"service_account_key": '"k3y-canary"'}, "this text has no private_key"),
        ({"service_account_key": '{"refresh_token": "canary"}'}, "this text has no private_key"),
        ({"project": ""}, "at least 1 character"),
        ({"project": "Acme Sales"}, "'Acme Sales' is no project's id; expected one such as acme-s"),
        ({"project": "projects/acme"}, "'projects/acme' is no project's id"),
        ({"region": "europe-west1-b"}, "is a zone; expected its region, 'europe-west1'"),
        ({"impersonate_service_account": "etl"}, "'etl' is no address of a service account"),
        ({"retry_timeout_seconds": -1}, "greater than or equal to 0"),
        ({"bucket": "lake"}, "unknown bucket; the fields of GcpConfig are project, region"),
    ],
)
def test_config_that_can_not_be_used_is_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as failure:
        GcpConfig.model_validate({"project": "p", **fields})

    assert "canary" not in str(failure.value)


def test_text_that_is_no_key_is_not_kept_with_its_refusal() -> None:
    """What records failures whole, with what each error holds, is to record no secret."""
    with pytest.raises(ValidationError) as failure:
        GcpConfig.model_validate({"project": "p", "service_account_key": "k3y-canary"})

    (told,) = failure.value.errors(include_input=False)
    refused = told["ctx"]["error"]
    assert refused.__cause__ is None
    assert refused.__suppress_context__


@pytest.mark.parametrize("project", ["acme-sales", "example.com:acme-sales", "123456789012"])
def test_project_is_an_id_or_a_number(project: str) -> None:
    assert GcpConfig(project=project).project == project


@pytest.mark.parametrize("region", ["europe-west12", "northamerica-northeast1", "EU"])
def test_region_is_taken_that_is_no_zone(region: str) -> None:
    assert GcpConfig(project="p", region=region).region == region


def test_path_of_a_key_may_be_a_path() -> None:
    config = GcpConfig.model_validate(
        {"project": "p", "service_account_key_path": Path("key.json")}
    )

    assert config.service_account_key_path == "key.json"


@pytest.mark.parametrize("endpoint", ["https://storage.internal/?key=canary", "https://u:canary@h"])
def test_endpoint_is_no_place_for_a_secret(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="no place for a secret") as failure:
        GcpConfig(project="p", endpoint=endpoint)

    assert "canary" not in str(failure.value)


@pytest.mark.parametrize("endpoint", ["storage.internal", "ftp://host", "https://"])
def test_endpoint_is_an_address(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="no address; expected one such as http://localhost"):
        GcpConfig(project="p", endpoint=endpoint)


def test_config_comes_home_as_it_left() -> None:
    config = GcpConfig(project="p", service_account_key=SecretStr(KEY))
    with elsewhere():
        data = pickle.dumps(Provider(config=config))

    with at_home(config):
        arrived = pickle.loads(data)

    assert arrived.config == config


@pytest.mark.parametrize("variable", ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"])
def test_environment_is_claimed_by_the_project(variable: str) -> None:
    assert glacier_config_from_env({variable: "p"}) == GcpConfig(project="p")


def test_environment_without_a_project_is_not_claimed() -> None:
    assert glacier_config_from_env({"GOOGLE_CLOUD_REGION": "europe-west3"}) is None
