"""A third party's distribution adds a platform, an executor and a resource, and core knows none."""

from importlib.metadata import entry_points
from pathlib import Path

import polars as pl
import pytest
from glacier_toy import Database, ToyBucketConfig, ToyConfig, ToyExecutorConfig

from glacier.config import LocalConfig
from glacier.errors import ConfigMismatchError, GlacierError, NoAdapterError, UnboundResourceError
from glacier.job_status import JobStatus
from glacier.plugins import Plugins
from glacier.provider import Provider
from glacier.resources import Bucket
from tests.core.distributions import run_python, write_distribution

RIVAL_OF_BUCKETS = """
    from glacier.config import ToyConfig
    from glacier.hookspecs import hookimpl
    from glacier.registry import AdapterSpec
    from glacier.resources import Bucket

    @hookimpl
    def glacier_register_adapters():
        return [AdapterSpec(Bucket, ToyConfig, "toy_rival:Adapter")]
"""
RIVAL_OF_CONFIGS = """
    from glacier.hookspecs import hookimpl

    @hookimpl
    def glacier_register_configs():
        return {"ToyConfig": "toy_rival:Config"}
"""
RIVAL_OF_ENVIRONMENT = """
    from glacier.config import LocalConfig
    from glacier.hookspecs import hookimpl

    @hookimpl
    def glacier_config_from_env(environ):
        return LocalConfig() if "TOY_REGION" in environ else None
"""


@pytest.fixture
def provider() -> Provider:
    return Provider(config=ToyConfig(region="attic"))


def test_plugin_is_installed_as_a_distribution() -> None:
    (point,) = entry_points(group="glacier", name="toy")

    assert point.dist is not None
    assert point.dist.name == "glacier-toy"


def test_plugin_lends_its_configs_to_glacier() -> None:
    from glacier.config import ToyConfig as Found

    assert Found is ToyConfig


def test_plugin_claims_its_environment() -> None:
    provider = Provider.from_env({"TOY_REGION": "attic"})

    assert provider.config == ToyConfig(region="attic")


def test_plugin_leaves_other_environments_alone() -> None:
    assert isinstance(Provider.from_env({}).config, LocalConfig)


def test_plugin_gives_way_to_a_cloud_of_the_same_environment() -> None:
    provider = Provider.from_env({"TOY_REGION": "attic", "AWS_REGION": "eu-west-1"})

    assert type(provider.config).__name__ == "AwsConfig"


def test_bucket_takes_the_plugins_config(provider: Provider) -> None:
    bucket = provider.bucket("toys", "a.parquet", config=ToyBucketConfig(prefix="old/"))

    assert bucket.get_uri() == "toy://attic/old/toys/a.parquet"


def test_bucket_refuses_a_config_of_no_bucket(provider: Provider) -> None:
    with pytest.raises(ConfigMismatchError, match="accepts one ToyBucketConfig"):
        provider.bucket("toys", "a.parquet", config=ToyExecutorConfig())


def test_bucket_moves_from_platform_to_platform(provider: Provider, tmp_path: Path) -> None:
    here = Provider(config=LocalConfig(base_path=tmp_path))
    configs = [ToyBucketConfig(prefix="old/")]

    toy, local = (one.bucket("toys", "a.parquet", config=configs) for one in (provider, here))

    assert isinstance(toy.config, ToyBucketConfig)
    assert local.config is None


def test_serverless_is_missing_on_the_platform(provider: Provider) -> None:
    with pytest.raises(NoAdapterError, match="No adapter for Serverless with ToyConfig"):
        provider.serverless("function", dict)


def test_database_answers_queries(provider: Provider) -> None:
    shop = provider.resource(Database, "shop")
    shop.deploy()
    shop.execute("create table sales (toy text, price integer)")
    shop.execute("insert into sales values (?, ?), (?, ?)", "doll", 7, "train", 30)

    found = shop.query("select toy, price from sales where price > ?", 10)

    assert found.to_dict(as_series=False) == {"toy": ["train"], "price": [30]}


def test_database_is_kept_by_a_second_deploy(provider: Provider) -> None:
    shop = provider.resource(Database, "shop")
    shop.deploy()
    shop.execute("create table sales (toy text)")

    shop.deploy()

    assert shop.query("select * from sales").columns == ["toy"]


def test_database_that_is_not_deployed_says_so(provider: Provider) -> None:
    with pytest.raises(GlacierError, match="The database 'shop' is not deployed"):
        provider.resource(Database, "shop").query("select 1")


def test_database_is_one_of_the_providers_resources(provider: Provider) -> None:
    shop = provider.resource(Database, "shop", name="the_shop")

    assert provider.get_resources() == [shop]
    assert shop.name == "the_shop"


def test_database_without_a_provider_is_refused() -> None:
    with pytest.raises(UnboundResourceError, match=r"Use provider\.resource\(Database, \.\.\.\)"):
        Database("shop")


def test_database_on_another_platform_has_no_adapter(tmp_path: Path) -> None:
    here = Provider(config=LocalConfig(base_path=tmp_path))

    with pytest.raises(NoAdapterError, match="No adapter for Database with LocalConfig") as failure:
        here.resource(Database, "shop")

    assert "installed for Database: ToyConfig" in str(failure.value)


def test_executor_runs_jobs_of_any_platform(tmp_path: Path) -> None:
    here = Provider(config=LocalConfig(base_path=tmp_path))
    executor = here.executor("jobs", config=ToyExecutorConfig(environment={"GREETING": "hello"}))
    script = tmp_path / "job.py"
    script.write_text("import os; print(os.environ['GREETING'])")

    job_id = executor.submit_job({"script": script})

    assert executor.wait(job_id, timeout_seconds=60) is JobStatus.SUCCEEDED
    assert executor.get_job_logs(job_id) == "hello\n"


def test_plugin_that_is_blocked_offers_nothing() -> None:
    plugins = Plugins(blocked=["toy"])

    assert plugins.config("ToyConfig") is None
    assert plugins.environment_claims({"TOY_REGION": "attic"}) == {}
    with pytest.raises(NoAdapterError, match="No adapter for Bucket with ToyConfig"):
        plugins.registry.find(Bucket, ToyConfig)


@pytest.mark.parametrize(
    ("rival", "program", "claim"),
    [
        (
            RIVAL_OF_BUCKETS,
            "Provider(config=ToyConfig(region='x')).bucket('b')",
            "Bucket with ToyConfig is claimed by",
        ),
        (
            RIVAL_OF_CONFIGS,
            "import glacier.config; glacier.config.ToyConfig",
            "The config 'ToyConfig' is registered by",
        ),
        (
            RIVAL_OF_ENVIRONMENT,
            "Provider.from_env({'TOY_REGION': 'x'})",
            "The environment is claimed by the plugins",
        ),
    ],
    ids=["adapter", "config", "environment"],
)
def test_plugin_and_its_rival_are_named(
    tmp_path: Path, rival: str, program: str, claim: str
) -> None:
    write_distribution(tmp_path, "toy-rival", rival)
    preamble = "from glacier.provider import Provider; from glacier_toy import ToyConfig; "

    done = run_python(preamble + program, tmp_path)

    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"glacier.errors.PluginConflictError: {claim}")
    assert "toy-rival" in last
    assert "toy" in last.replace("toy-rival", "")


def test_rows_travel_from_database_to_bucket(provider: Provider) -> None:
    shop = provider.resource(Database, "shop")
    shop.deploy()

    provider.bucket("toys", "answers.parquet").write(shop.query("select 42 as answer"))

    assert (
        provider.bucket("toys", "answers.parquet").scan().select(pl.all().sum()).collect().item()
        == 42
    )
