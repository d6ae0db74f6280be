"""Terraform, with AWS's real provider, builds what the configs say and the code runs on.

Each `plan` takes a few seconds, and a bucket's lifecycle rules take Terraform's provider 55 s,
since it waits until it has read them unchanged often enough; so all is built at the same time, by
the first test.

Moto reports one false difference: of `filter.and` in a lifecycle rule it keeps prefix and tags,
and drops the `object_size_greater_than = 0` and `object_size_less_than = 0` that the provider
adds, which then waits in vain. So rules with tags are tested as documents alone, in
`test_terraform.py`.
"""

import importlib
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider, pipeline, task
from glacier.config import GlueConfig, LambdaConfig, S3Config
from glacier.job_status import JobStatus
from glacier_aws.session import session_of
from tests.glacier_aws.builds import Builds, Built, Description, set_environment
from tests.rigs.aws.permissions import is_permitted
from tests.rigs.aws.server import REGION, AwsServer
from tests.rigs.terraform import Terraform
from tests.seed.seed import changed, code, run

STAGING = f"glacier-staging-123456789012-{REGION}"


@pytest.fixture(scope="module")
def builds(terraform_aws: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    with Builds(terraform_aws, tmp_path_factory.mktemp("builds")) as builds:
        yield builds


@pytest.fixture
def built(
    request: pytest.FixtureRequest,
    builds: Builds,
    handlers: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> Built:
    """What a test names, in an account of its own."""
    builds.begin(DESCRIPTIONS)
    built = builds.built(request.param)
    if DESCRIPTIONS[request.param].is_ambient:
        set_environment(monkeypatch, built.environment)
    return built


def client(account: AwsServer, service: str) -> Any:
    return session_of(account.config()).client(service)


def example_1(account: AwsServer) -> ModuleType:
    return run(changed(code("Example 1"), ("# Run pipeline\nsales_pipeline.run()\n", "")))


@pytest.mark.parametrize("built", ["example-1"], indirect=True)
def test_example_1_is_built_and_runs(built: Built) -> None:
    example = built.code

    example.raw_data.write(pl.DataFrame({"amount": [3, -1, 4, 0]}))
    example.sales_pipeline.run()

    assert example.output_bucket.read()["amount"].to_list() == [3, 4]
    s3 = client(built.account, "s3")
    assert s3.get_bucket_versioning(Bucket="my-data-lake")["Status"] == "Enabled"
    assert built.changes() == []


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


def example_3(account: AwsServer) -> ModuleType:
    return run(EXAMPLE_3_IMPORTS + changed(code("Example 3"), *EXAMPLE_3) + EXAMPLE_3_PIPELINE)


@pytest.mark.parametrize("built", ["example-3"], indirect=True)
def test_example_3_is_built_and_runs(built: Built) -> None:
    example = built.code
    sales = pl.DataFrame({"day": range(20), "revenue": [float(day % 7) for day in range(20)]})

    example.data_source.write(sales)
    built.account.requests(forget=True)
    ran = example.example.run()

    assert [(job.executor, job.status) for job in ran.jobs] == [
        ("analytics-cluster", JobStatus.SUCCEEDED),
        ("etl-job", JobStatus.SUCCEEDED),
    ]
    assert_frame_equal(
        example.output.read(),
        sales.with_columns(pl.col("revenue").rolling_mean(window_size=7)),
    )
    asked = [one["target"] for one in built.account.requests()]
    assert "AWSGlue.StartJobRun" in asked
    assert not {"AWSGlue.CreateJob", "AWSGlue.UpdateJob"} & set(asked)
    job = client(built.account, "glue").get_job(JobName="etl-job")["Job"]
    assert (job["WorkerType"], job["NumberOfWorkers"]) == ("G.1X", 5)
    assert (job["GlueVersion"], job["ExecutionClass"]) == ("5.0", "STANDARD")
    assert built.changes() == []


def example_5(account: AwsServer) -> ModuleType:
    return run(code("Example 5"))


@pytest.mark.parametrize("built", ["example-5"], indirect=True)
def test_example_5_is_built(built: Built) -> None:
    s3 = client(built.account, "s3")

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
    assert built.changes() == []


HANDLER = """
def add(payload):
    return {"sum": payload["a"] + payload["b"]}
"""


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A project's module with a handler."""
    project = tmp_path_factory.mktemp("project")
    (project / "sums_of_shop.py").write_text(HANDLER)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(project)
        yield importlib.import_module("sums_of_shop")
    del sys.modules["sums_of_shop"]


def all_kinds(account: AwsServer) -> SimpleNamespace:
    """A bucket, a function and a job, with what their configs can say."""
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
        importlib.import_module("sums_of_shop").add,
        config=LambdaConfig(
            environment={"MODE": "${literal}"},
            reserved_concurrency=3,
            url=True,
            schedule="rate(1 hour)",
            overrides={"EphemeralStorage": {"Size": 1024}},
        ),
    )
    job = provider.executor("etl", config=GlueConfig(bookmarks=True, timeout_minutes=10))
    return SimpleNamespace(provider=provider, resources=(bucket, function, job), function=function)


@pytest.mark.parametrize("built", ["all-kinds"], indirect=True)
def test_what_terraform_builds_leaves_deploy_nothing_to_change(built: Built) -> None:
    account = built.account
    before = state_of(account)

    for resource in built.code.resources:
        resource.deploy()

    assert state_of(account) == before
    assert built.changes() == []
    lambdas = client(account, "lambda")
    found = lambdas.get_function(FunctionName="sums")
    assert found["Configuration"]["Environment"]["Variables"] == {"MODE": "${literal}"}
    assert found["Configuration"]["EphemeralStorage"] == {"Size": 1024}
    assert found["Tags"] == {"team": "data"}
    assert before["concurrency"] == 3
    assert built.code.function.invoke({"a": 1, "b": 2}) == {"sum": 3}
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


def checked_pipeline(account: AwsServer) -> SimpleNamespace:
    """A pipeline, and a document that has it looked through for what its job needs."""
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
    return SimpleNamespace(
        provider=provider, document=document, lake=lake, table=table, combining=combining
    )


@pytest.mark.parametrize("built", ["checked-pipeline"], indirect=True)
def test_role_of_a_checked_pipeline_allows_what_its_jobs_do_and_no_more(built: Built) -> None:
    account, lake, table = built.account, built.code.lake, built.code.table

    for path in ("raw.parquet", "more/", "out/"):
        lake[path].write(pl.DataFrame({"n": [1, -1]}))
    account.requests(forget=True)
    built.code.combining.run()

    assert built.code.document.notes == ()
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
    assert built.changes() == []


DESCRIPTIONS = {
    "example-1": Description(example_1, is_ambient=True),
    "example-3": Description(example_3, is_ambient=True),
    "example-5": Description(example_5, is_ambient=True),
    "all-kinds": Description(all_kinds),
    "checked-pipeline": Description(checked_pipeline),
}
