"""Terraform, with AWS's real provider, builds what the configs say and the code runs on.

Each `plan` takes a few seconds, and a bucket's lifecycle rules take Terraform's provider 55 s,
since it waits until it has read them unchanged often enough; so what can share an `apply` does.

Moto reports one false difference: of `filter.and` in a lifecycle rule it keeps prefix and tags,
and drops the `object_size_greater_than = 0` and `object_size_less_than = 0` that the provider
adds, which then waits in vain. So rules with tags are tested as documents alone, in
`test_terraform.py`.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider, pipeline, task
from glacier.config import GlueConfig, LambdaConfig, S3Config
from glacier.job_status import JobStatus
from glacier_aws.session import session_of
from tests.rigs.aws.permissions import is_permitted
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer
from tests.rigs.terraform import Terraform
from tests.seed.seed import changed, code, run

KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
STAGING = f"glacier-staging-123456789012-{REGION}"


@pytest.fixture
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    """An account with nothing in it."""
    with AwsServer(tmp_path_factory.mktemp("account")) as server:
        yield server


@pytest.fixture
def ambient(account: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """The same account, which the environment alone leads to, as the seed's examples expect."""
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    return account


def client(account: AwsServer, service: str) -> Any:
    return session_of(account.config()).client(service)


def build(terraform: Terraform, provider: Provider, directory: Path, **environment: str) -> None:
    """Go all the way that a user goes, and find that nothing is left to do."""
    provider.write_terraform(directory)
    terraform.init(directory)
    terraform.validate(directory)
    terraform.apply(directory, **environment)
    for path in directory.glob("*.tf.json"):
        assert SECRET_KEY not in path.read_text()


def test_example_1_is_built_and_runs(
    terraform_aws: Terraform, ambient: AwsServer, tmp_path: Path
) -> None:
    source = changed(code("Example 1"), ("# Run pipeline\nsales_pipeline.run()\n", ""))
    example = run(source)

    build(terraform_aws, example.provider, tmp_path, **ambient.environment)
    example.raw_data.write(pl.DataFrame({"amount": [3, -1, 4, 0]}))
    example.sales_pipeline.run()

    assert example.output_bucket.read()["amount"].to_list() == [3, 4]
    s3 = client(ambient, "s3")
    assert s3.get_bucket_versioning(Bucket="my-data-lake")["Status"] == "Enabled"
    assert terraform_aws.changes(tmp_path, **ambient.environment) == []


EXAMPLE_3 = [
    ("import AwsConfig, DatabricksConfig, GlueConfig\n", "import AwsConfig, GlueConfig\n"),
    (
        """DatabricksConfig(
        instance_type="m5.xlarge",
        num_workers=4,
        spark_version="13.3.x-scala2.12",
    )""",
        "LocalConfig()",
    ),
    ('glue_version="4.0"', 'glue_version="5.0"'),
]

EXAMPLE_3_IMPORTS = """
import polars as pl
from glacier import pipeline, task
from glacier.config import LocalConfig
"""

EXAMPLE_3_PIPELINE = """

@pipeline
def example():
    save_results(heavy_transform(data_source.scan()))
"""


def test_example_3_is_built_and_runs(
    terraform_aws: Terraform, ambient: AwsServer, tmp_path: Path
) -> None:
    source = changed(code("Example 3"), *EXAMPLE_3)
    example = run(EXAMPLE_3_IMPORTS + source + EXAMPLE_3_PIPELINE)
    sales = pl.DataFrame({"day": range(20), "revenue": [float(day % 7) for day in range(20)]})

    build(terraform_aws, example.provider, tmp_path, **ambient.environment)
    example.data_source.write(sales)
    ambient.requests(forget=True)
    ran = example.example.run()

    assert [(job.executor, job.status) for job in ran.jobs] == [
        ("analytics-cluster", JobStatus.SUCCEEDED),
        ("etl-job", JobStatus.SUCCEEDED),
    ]
    assert_frame_equal(
        example.output.read(),
        sales.with_columns(pl.col("revenue").rolling_mean(window_size=7)),
    )
    asked = [one["target"] for one in ambient.requests()]
    assert "AWSGlue.StartJobRun" in asked
    assert not {"AWSGlue.CreateJob", "AWSGlue.UpdateJob"} & set(asked)
    job = client(ambient, "glue").get_job(JobName="etl-job")["Job"]
    assert (job["WorkerType"], job["NumberOfWorkers"]) == ("G.1X", 5)
    assert (job["GlueVersion"], job["ExecutionClass"]) == ("5.0", "STANDARD")
    assert terraform_aws.changes(tmp_path, **ambient.environment) == []


def test_example_5_is_built(terraform_aws: Terraform, ambient: AwsServer, tmp_path: Path) -> None:
    example = run(code("Example 5"))

    build(terraform_aws, example.provider, tmp_path, **ambient.environment)

    s3 = client(ambient, "s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket="analytics-data")["Rules"]
    assert rules == [
        {
            "ID": "archive-old-data",
            "Status": "Enabled",
            "Filter": {"Prefix": "hot-data/"},
            "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
        },
        {
            "ID": "immediate-archive",
            "Status": "Enabled",
            "Filter": {"Prefix": "archive/"},
            "Transitions": [{"Days": 0, "StorageClass": "DEEP_ARCHIVE"}],
        },
    ]
    encryption = s3.get_bucket_encryption(Bucket="analytics-data")
    (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}
    access = s3.get_public_access_block(Bucket="analytics-data")
    assert set(access["PublicAccessBlockConfiguration"].values()) == {True}
    assert "Status" not in s3.get_bucket_versioning(Bucket="analytics-data")
    assert terraform_aws.changes(tmp_path, **ambient.environment) == []


HANDLER = """
def add(payload):
    return {"sum": payload["a"] + payload["b"]}
"""


@pytest.fixture
def handlers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project's module with a handler."""
    project = tmp_path_factory.mktemp("project")
    (project / "sums_of_shop.py").write_text(HANDLER)
    monkeypatch.syspath_prepend(project)
    import sums_of_shop  # type: ignore[import-not-found]

    yield sums_of_shop
    del sys.modules["sums_of_shop"]


def test_what_terraform_builds_leaves_deploy_nothing_to_change(
    terraform_aws: Terraform, account: AwsServer, handlers: ModuleType, tmp_path: Path
) -> None:
    provider = Provider(account.config(), tags={"team": "data"}, staging="lake/glacier")
    settings = S3Config(
        versioning=True,
        encryption="aws:kms",
        kms_key_id="alias/lake",
        cors=[
            {
                "allowed_origins": ["https://a.example"],
                "allowed_methods": ["GET"],
                "max_age_seconds": 60,
            }
        ],
    )
    bucket = provider.bucket("lake", "raw/sales.parquet", config=settings)
    function = provider.serverless(
        "sums",
        handlers.add,
        config=LambdaConfig(
            environment={"MODE": "${literal}"},
            reserved_concurrency=3,
            url=True,
            schedule="rate(1 hour)",
            overrides={"EphemeralStorage": {"Size": 1024}},
        ),
    )
    job = provider.executor("etl", config=GlueConfig(bookmarks=True, timeout_minutes=10))

    build(terraform_aws, provider, tmp_path, **KEYS)
    before = state_of(account)
    for resource in (bucket, function, job):
        resource.deploy()

    assert state_of(account) == before
    assert terraform_aws.changes(tmp_path, **KEYS) == []
    lambdas = client(account, "lambda")
    found = lambdas.get_function(FunctionName="sums")
    assert found["Configuration"]["Environment"]["Variables"] == {"MODE": "${literal}"}
    assert found["Configuration"]["EphemeralStorage"] == {"Size": 1024}
    assert found["Tags"] == {"team": "data"}
    assert before["concurrency"] == 3
    assert function.invoke({"a": 1, "b": 2}) == {"sum": 3}
    assert before["targets"] == [found["Configuration"]["FunctionArn"]]


def state_of(account: AwsServer) -> dict[str, Any]:
    """Return what AWS says of the things that the test above has built."""
    s3, lambdas, iam = (client(account, name) for name in ("s3", "lambda", "iam"))
    events, glue = client(account, "events"), client(account, "glue")
    function = dict(lambdas.get_function(FunctionName="sums")["Configuration"])
    roles = [one["RoleName"] for one in iam.list_roles()["Roles"]]
    job = {"MaxRetries": 0, **glue.get_job(JobName="etl")["Job"]}  # left out where it is 0
    return {
        "versioning": s3.get_bucket_versioning(Bucket="lake")["Status"],
        "encryption": s3.get_bucket_encryption(Bucket="lake")["ServerSideEncryptionConfiguration"],
        "cors": s3.get_bucket_cors(Bucket="lake")["CORSRules"],
        "block": s3.get_public_access_block(Bucket="lake")["PublicAccessBlockConfiguration"],
        "tags": s3.get_bucket_tagging(Bucket="lake")["TagSet"],
        "keys": [one["Key"] for one in s3.list_objects_v2(Bucket="lake").get("Contents", ())],
        "function": function,
        "concurrency": lambdas.get_function_concurrency(FunctionName="sums")[
            "ReservedConcurrentExecutions"
        ],
        "url": lambdas.get_function_url_config(FunctionName="sums")["FunctionUrl"],
        "policy": lambdas.get_policy(FunctionName="sums")["Policy"],
        "rules": [one["Name"] for one in events.list_rules()["Rules"]],
        "targets": [
            one["Arn"]
            for one in events.list_targets_by_rule(Rule="glacier-sums-schedule")["Targets"]
        ],
        "roles": {name: iam.list_role_policies(RoleName=name)["PolicyNames"] for name in roles},
        "job": {name: value for name, value in job.items() if name != "LastModifiedOn"},
    }


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def positive(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.filter(pl.col("n") > 0)


def is_of_role(request: Mapping[str, str]) -> bool:
    """Return whether a request to S3 was signed by keys that a role was given for a while."""
    is_s3 = not (request["target"] or request["action"])
    return is_s3 and request["access_key"].startswith("ASIA")


def test_role_of_a_checked_pipeline_allows_what_its_jobs_do_and_no_more(
    terraform_aws: Terraform, account: AwsServer, tmp_path: Path
) -> None:
    provider = Provider(account.config())
    lake = {
        path: provider.bucket("lake", path, schema={"n": pl.Int64})
        for path in ("raw.parquet", "more/", "out/", "private.parquet")
    }
    table = provider.bucket("lake", "table", "delta")
    etl = provider.executor("etl", config=GlueConfig())

    @task(executor=etl)
    def combine(frame: pl.LazyFrame) -> None:
        both = pl.concat([frame, lake["more/"].scan()])
        lake["out/"].write(both)
        table.write(both)

    @pipeline
    def combining() -> None:
        combine(positive(load(lake["raw.parquet"])))

    document = provider.terraform(pipelines=[combining])
    document.write(tmp_path)
    terraform_aws.init(tmp_path)
    terraform_aws.apply(tmp_path, **KEYS)
    for path in ("raw.parquet", "more/", "out/"):
        lake[path].write(pl.DataFrame({"n": [1, -1]}))
    account.requests(forget=True)
    combining.run()

    assert document.notes == ()
    assert lake["out/"].read()["n"].sort().to_list() == [-1, 1, 1]
    assert table.read()["n"].sort().to_list() == [-1, 1, 1]
    role = f"glacier-glue-etl-{REGION}"
    iam = client(account, "iam")
    policy = iam.get_role_policy(RoleName=role, PolicyName="glacier-terraform")["PolicyDocument"]
    requests = [one for one in account.requests() if is_of_role(one)]
    assert len(requests) > 10
    assert [one for one in requests if not is_permitted(one, policy["Statement"])] == []
    assert "private" not in str(policy)
    assert "lake/*" not in str(policy)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["glacier-terraform"]
    assert terraform_aws.changes(tmp_path, **KEYS) == []
