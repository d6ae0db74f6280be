"""What a Cloud Function has to be, told without asking Google."""

from typing import Any

import pytest
from pydantic import ValidationError

from glacier import Provider, Serverless
from glacier.config import CloudFunctionConfig, GcpConfig
from glacier.errors import FunctionError
from glacier_gcp.function.differences import changed_fields, labels_for
from glacier_gcp.function.request import (
    PACKAGE_LABEL,
    SETTINGS_LABEL,
    account_of,
    function_request,
    job_request,
)
from glacier_gcp.labels import labels_of

ACCOUNT = "etl@p.iam.gserviceaccount.com"


def make(name: str = "score", runtime: str = "python3.12", **config: Any) -> Serverless:
    provider = Provider(GcpConfig(project="p", region="europe-west3"), {"Team": "Data/EU"})
    return provider.serverless(name, "json:loads", runtime, CloudFunctionConfig(**config))


def test_function_has_every_setting() -> None:
    request = function_request(
        make(
            memory_mb=2048,
            cpu=1.5,
            timeout_seconds=120,
            min_instances=1,
            max_instances=7,
            concurrency=8,
            service_account=ACCOUNT,
            ingress="internal_and_load_balancer",
            vpc_connector="projects/p/locations/europe-west3/connectors/c",
            vpc_egress="all_traffic",
            environment={"MODE": "fast"},
        )
    )

    assert request == {
        "environment": "GEN_2",
        "labels": {"team": "data-eu", SETTINGS_LABEL: "available_cpu-max_instance_count"},
        "buildConfig": {"runtime": "python312", "entryPoint": "call"},
        "serviceConfig": {
            "availableMemory": "2048M",
            "availableCpu": "1.5",
            "timeoutSeconds": 120,
            "minInstanceCount": 1,
            "maxInstanceCount": 7,
            "maxInstanceRequestConcurrency": 8,
            "ingressSettings": "ALLOW_INTERNAL_AND_GCLB",
            "serviceAccountEmail": ACCOUNT,
            "vpcConnector": "projects/p/locations/europe-west3/connectors/c",
            "vpcConnectorEgressSettings": "ALL_TRAFFIC",
            "environmentVariables": {
                "GOOGLE_CLOUD_PROJECT": "p",
                "GOOGLE_CLOUD_REGION": "europe-west3",
                "MODE": "fast",
            },
            "allTrafficOnLatestRevision": True,
        },
    }


def test_overrides_are_merged_last_and_into_one_another() -> None:
    function = make(
        overrides={
            "functions": {"serviceConfig": {"availableMemory": "1Gi", "timeoutSeconds": None}},
            "jobs": {"retryConfig": {"retryCount": 2}},
        },
        schedule="0 6 * * *",
    )

    service, job = function_request(function)["serviceConfig"], job_request(function, "https://f")

    assert service["availableMemory"] == "1Gi"
    assert "timeoutSeconds" not in service
    assert service["minInstanceCount"] == 0
    assert job is not None
    assert job["retryConfig"] == {"retryCount": 2}


def test_accounts_of_functions_differ_by_region_and_have_legal_names() -> None:
    names = ["score", "score-" + "x" * 50, "score-" + "x" * 51]
    here = [account_of(make(name)) for name in names]
    there = Provider(GcpConfig(project="p", region="us-east1")).serverless("score", "json:loads")

    assert len({*here, account_of(there)}) == 4
    assert all(6 <= len(one.partition("@")[0]) <= 30 for one in here)
    assert here[0].startswith("glacier-score-")
    assert here[0].endswith("@p.iam.gserviceaccount.com")


@pytest.mark.parametrize(("seconds", "deadline"), [(1, "15s"), (90, "90s"), (3600, "1800s")])
def test_schedule_waits_for_as_long_as_scheduler_can(seconds: int, deadline: str) -> None:
    job = job_request(make(schedule="0 6 * * *", timeout_seconds=seconds), "https://f")

    assert job is not None
    assert job["attemptDeadline"] == deadline


def test_schedule_calls_with_an_empty_payload_as_the_functions_account() -> None:
    job = job_request(make(schedule="*/5 * * * *", service_account=ACCOUNT), "https://f")

    assert job == {
        "name": "projects/p/locations/europe-west3/jobs/glacier-score",
        "description": "Calls the function score.",
        "schedule": "*/5 * * * *",
        "timeZone": "Etc/UTC",
        "attemptDeadline": "60s",
        "httpTarget": {
            "uri": "https://f",
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": "e30=",
            "oidcToken": {"serviceAccountEmail": ACCOUNT, "audience": "https://f"},
        },
    }


def test_function_without_a_schedule_has_no_job() -> None:
    assert job_request(make(), "https://f") is None


def test_tags_become_legal_labels() -> None:
    labels = labels_of({"Team": "Data/EU", "1st": "x" * 70, "größe": "groß", "": ""})

    assert labels == {"team": "data-eu", "x1st": "x" * 63, "größe": "groß", "x": ""}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("x" * 64, "it has 64 characters; expected 1 to 63"),
        ("my_function", "expected lower-case letters, digits and hyphens only"),
        ("Score", "expected lower-case letters"),
        ("1-score", "expected a letter as its first character"),
        ("score-", "no hyphen as its last one"),
    ],
)
def test_name_that_no_function_can_have_is_refused(name: str, problem: str) -> None:
    with pytest.raises(FunctionError, match=rf"not legal on Google Cloud, .*{problem}"):
        make(name)


@pytest.mark.parametrize(
    "schedule", ["0 6 * * *", "*/5 * * * *", "0 9-17 * * Mon-Fri", "5,35 8 1-15/3 Jan,july 7"]
)
def test_schedule_of_five_fields_is_taken(schedule: str) -> None:
    assert CloudFunctionConfig(schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("0 0 6 * * *", "it has 6 fields"),
        ("every 5 minutes", "it has 3 fields"),
        ("60 6 * * *", "its minute '60' is not within 0 to 59"),
        ("0 6 * * 8", "its day of the week '8' is not within 0 to 7"),
        ("0 6 * * monkey", "its day of the week 'monkey' is not within 0 to 7"),
    ],
)
def test_schedule_that_google_does_not_take_is_refused(schedule: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=rf"no cron expression: .*{problem}.*five fields"):
        CloudFunctionConfig(schedule=schedule)


def test_more_instances_that_wait_than_may_run_are_refused() -> None:
    with pytest.raises(ValidationError, match="min_instances=3 is more than max_instances=2"):
        CloudFunctionConfig(min_instances=3, max_instances=2)


@pytest.mark.parametrize("variable", ["PORT", "K_SERVICE", "X_GOOGLE_ANY"])
def test_variable_that_google_sets_is_refused(variable: str) -> None:
    with pytest.raises(ValidationError, match=f"Cloud Functions sets {variable} itself"):
        CloudFunctionConfig(environment={"STAGE": "a", variable: "b"})


@pytest.mark.parametrize("config", [{"cpu": 0.5}, {"memory_mb": 1024}, {}])
def test_concurrency_without_a_whole_processor_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"concurrency=2 needs a whole processor; set cpu=1"):
        CloudFunctionConfig(concurrency=2, **config)


@pytest.mark.parametrize("config", [{"cpu": 1}, {"memory_mb": 2048}])
def test_concurrency_with_a_whole_processor_is_taken(config: dict[str, Any]) -> None:
    assert CloudFunctionConfig(concurrency=80, **config).concurrency == 80


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"service_account": "etl"}, "should match pattern"),
        ({"invokers": ["etl@p.iam.gserviceaccount.com"]}, "should match pattern"),
        ({"overrides": {"services": {}}}, r"overrides\['services'\] belongs to nothing"),
    ],
)
def test_setting_that_can_not_be_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CloudFunctionConfig(**config)


def body(labels: dict[str, str] | None = None, **service: Any) -> dict[str, Any]:
    return {"labels": labels or {}, "buildConfig": {}, "serviceConfig": service}


@pytest.mark.parametrize(
    ("wanted", "found", "paths"),
    [
        (body(availableMemory="1024M"), body(availableMemory="1Gi"), []),
        (body(availableMemory="512M"), body(availableMemory="1G"), ["available_memory"]),
        (body(timeoutSeconds=5), body(timeoutSeconds=6), ["timeout_seconds"]),
        (body(environmentVariables={}), body(environmentVariables={"A": "1"}), ["environment_var"]),
        (body(), body(maxInstanceCount=50), []),
        (
            body(),
            body({SETTINGS_LABEL: "available_cpu-max_instance_count"}, maxInstanceCount=50),
            ["max_instance_count"],
        ),
        (body(), body(vpcConnector="c"), ["vpc_connector"]),
    ],
)
def test_only_what_differs_is_changed(
    wanted: dict[str, Any], found: dict[str, Any], paths: list[str]
) -> None:
    changed = changed_fields(wanted, found)

    assert len(changed) == len(paths)
    assert all(
        one.startswith(f"service_config.{path}") for one, path in zip(changed, paths, strict=True)
    )


def test_label_of_other_code_is_taken_away_before_new_code_comes() -> None:
    found = {"labels": {"owner": "sales", PACKAGE_LABEL: "old"}}

    same = labels_for({"labels": {"team": "ops"}}, found, "old")
    new = labels_for({"labels": {"team": "ops"}}, found, "new")

    assert same == {"owner": "sales", "team": "ops", PACKAGE_LABEL: "old"}
    assert new == {"owner": "sales", "team": "ops"}
