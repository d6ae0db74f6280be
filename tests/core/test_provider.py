"""The provider, and the resources that it makes."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from glacier import Bucket, Executor, Provider, Resource, Serverless
from glacier.adapters import Adapter
from glacier.config import LocalConfig, ProviderConfig, ResourceConfig
from glacier.errors import ConfigMismatchError, NoAdapterError, PathError, UnboundResourceError
from tests.core.distributions import write_distribution
from tests.core.moon import MOON, on_the_moon

SECRET = "hunter2-hunter2"


class UnservedConfig(ProviderConfig):
    """A platform that no plugin serves buckets on."""

    token: SecretStr | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "UnservedConfig":
        return cls()


# The 'Example Tests' of the design, with LocalConfig for a cloud's; the third one's second half
# needs a platform whose buckets take a config, and so a plugin.


def test_provider_bucket_creation(tmp_path: Path) -> None:
    """Test that Provider creates Bucket with proper injection."""
    config = LocalConfig(base_path=tmp_path)
    provider = Provider(config=config)

    bucket = provider.bucket("test-bucket", path="data.parquet")

    assert isinstance(bucket, Bucket)
    assert bucket.provider is provider
    assert bucket in provider.get_resources()


def test_bucket_uses_correct_adapter(tmp_path: Path) -> None:
    """Test that Bucket uses correct adapter based on provider config."""
    from glacier.local.bucket import LocalBucketAdapter

    local_provider = Provider(config=LocalConfig(base_path=tmp_path))

    local_bucket = local_provider.bucket("test")

    assert isinstance(local_bucket._get_adapter(), LocalBucketAdapter)


def test_config_optional(provider: Provider, tmp_path: Path) -> None:
    """Test that resource-specific config is optional."""
    bucket = provider.bucket("test-bucket")
    assert bucket.config is None

    shown = on_the_moon(
        tmp_path,
        "bucket_with_config = Provider(MoonConfig()).bucket(\n"
        "    'test-bucket',\n"
        "    config=CraterConfig(depth=3),\n"
        ")\n"
        "print(bucket_with_config.config.depth)",
    )
    assert shown == "3\n"


# What else holds.


def test_provider_makes_each_resource_with_itself(provider: Provider) -> None:
    made = [
        provider.bucket("b", "x.parquet"),
        provider.serverless("f", print),
        provider.executor("e"),
    ]

    assert [type(one) for one in made] == [Bucket, Serverless, Executor]
    assert all(one.provider is provider for one in made)
    assert provider.get_resources() == made


def test_provider_hands_out_a_copy_of_its_list(provider: Provider) -> None:
    provider.get_resources().append(provider.bucket("b"))

    assert len(provider.get_resources()) == 1


def test_provider_does_not_track_what_could_not_be_made(provider: Provider) -> None:
    with pytest.raises(PathError):
        provider.bucket("..")

    assert provider.get_resources() == []


def test_provider_touches_nothing_until_data_moves(tmp_path: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path / "base"))
    provider.bucket("b", "x.parquet").get_uri()
    provider.serverless("f", print).deploy()
    provider.executor("e").deploy()

    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda p: p.bucket("lake", "raw/sales.parquet"), "lake_raw_sales.parquet"),
        (lambda p: p.serverless("score", print), "score"),
        (lambda p: p.executor("cluster"), "cluster"),
        (lambda p: p.bucket("lake", name="mine"), "mine"),
        (lambda p: p.serverless("score", print, name="mine"), "mine"),
    ],
)
def test_resource_has_a_name(
    provider: Provider, make: Callable[[Provider], Resource], name: str
) -> None:
    resource = make(provider)

    assert resource.name == name


def test_resource_keeps_one_adapter(provider: Provider) -> None:
    function = provider.serverless("f", print)

    first = function.adapter

    assert function.adapter is first
    assert isinstance(first, Adapter)
    assert provider.get_adapter(function) is not first


@pytest.mark.parametrize(
    ("make", "kind", "use"),
    [
        (lambda: Bucket("b"), "Bucket", r"provider\.bucket\(\.\.\.\)"),
        (lambda: Serverless("f", print), "Serverless", r"provider\.serverless\(\.\.\.\)"),
        (lambda: Executor("e"), "Executor", r"provider\.executor\(\.\.\.\)"),
    ],
)
def test_resource_without_a_provider_says_which_factory_to_use(
    make: Callable[[], Resource], kind: str, use: str
) -> None:
    with pytest.raises(
        UnboundResourceError,
        match=rf"A {kind} belongs to a provider and was constructed without one\. Use {use}, not",
    ):
        make()


def test_resource_of_a_third_party_is_made_by_its_class(tmp_path: Path) -> None:
    shown = on_the_moon(
        tmp_path,
        "provider = Provider(MoonConfig())\n"
        "mirror = provider.resource(Mirror, 8)\n"
        "print(mirror.name, mirror.provider is provider, provider.get_resources() == [mirror])\n"
        "print(type(mirror._get_adapter()).__name__)",
    )

    assert shown == "mirror_8 True True\nAnyAdapter\n"


def test_resource_of_a_third_party_without_a_provider_says_how_to_make_it(tmp_path: Path) -> None:
    shown = on_the_moon(tmp_path, "Mirror(8)")

    assert shown.endswith("Use provider.resource(Mirror, ...), not Mirror(...).")


def test_provider_without_an_adapter_fails_when_the_resource_is_made() -> None:
    provider = Provider(UnservedConfig())

    with pytest.raises(
        NoAdapterError,
        match=r"No adapter for Bucket with UnservedConfig; installed for Bucket: .*L",
    ):
        provider.bucket("b")


def test_provider_without_an_adapter_for_an_executors_config_says_so(provider: Provider) -> None:
    with pytest.raises(NoAdapterError, match="No adapter for Executor with ResourceConfig"):
        provider.executor("e", config=ResourceConfig())


def test_provider_of_any_platform_runs_jobs_here_by_default() -> None:
    executor = Provider(UnservedConfig()).executor("e")

    assert type(executor.adapter).__name__ == "LocalExecutorAdapter"


def test_provider_from_an_empty_environment_is_this_machine() -> None:
    provider = Provider.from_env({})

    assert provider.config == LocalConfig()


def test_provider_from_env_reads_this_process_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLACIER_LOCAL_PATH", str(tmp_path))

    provider = Provider.from_env()

    assert provider.config == LocalConfig(base_path=tmp_path)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AWS_REGION": "r", "AZURE_RESOURCE_GROUP": "g", "GCP_PROJECT": "p"}, "AwsConfig"),
        ({"AZURE_RESOURCE_GROUP": "g", "GCP_PROJECT": "p"}, "AzureConfig"),
        ({"GCP_PROJECT": "p"}, "GcpConfig"),
        ({"AWS_REGION": "", "GCP_PROJECT": "p"}, "GcpConfig"),
    ],
)
def test_provider_from_env_prefers_clouds_in_their_order(
    environ: dict[str, str], expected: str
) -> None:
    for cloud in ("glacier_aws", "glacier_azure", "glacier_gcp"):
        pytest.importorskip(cloud)

    provider = Provider.from_env(environ)

    assert type(provider.config).__name__ == expected


def test_provider_from_env_asks_other_plugins(tmp_path: Path) -> None:
    shown = on_the_moon(
        tmp_path, "print(type(Provider.from_env().config).__name__)", MOON_PHASE="new"
    )

    assert shown == "MoonConfig\n"


def test_provider_from_env_refuses_two_claims(tmp_path: Path) -> None:
    write_distribution(
        tmp_path, "glacier-mars", MOON.replace("glacier_moon", "glacier_mars"), entry="mars"
    )

    shown = on_the_moon(tmp_path, "Provider.from_env()", MOON_PHASE="new")

    assert "PluginConflictError: The environment is claimed by the plugins mars, moon; at" in shown
    assert "Unset the variables of all but one, or pass a config to Provider(config=...)." in shown


def test_provider_pickles_as_a_description_without_secrets() -> None:
    provider = Provider(
        UnservedConfig(token=SecretStr(SECRET)), tags={"team": "data"}, staging="lake/tmp"
    )
    provider.executor("e")

    pickled = pickle.dumps(provider)

    assert SECRET.encode() not in pickled
    copy = pickle.loads(pickled)
    assert copy.config == UnservedConfig()
    assert (copy.tags, copy.staging, copy.get_resources()) == ({"team": "data"}, "lake/tmp", [])


def test_resource_pickles_as_a_description_without_secrets() -> None:
    executor = Provider(UnservedConfig(token=SecretStr(SECRET))).executor("cluster", runtime="3.12")
    used = executor.adapter

    pickled = pickle.dumps(executor)

    assert SECRET.encode() not in pickled
    copy = pickle.loads(pickled)
    assert (copy.name, copy.runtime) == ("cluster", "3.12")
    assert type(copy.adapter) is type(used)


def test_bucket_that_was_pickled_is_live_again(provider: Provider) -> None:
    bucket = provider.bucket("b", "x.csv", schema=None)
    uri = bucket.get_uri()

    copy = pickle.loads(pickle.dumps(bucket))

    assert (copy.get_uri(), copy.format) == (uri, "csv")


def test_provider_shows_no_secret() -> None:
    provider = Provider(UnservedConfig(token=SecretStr(SECRET)))

    shown = [repr(provider), repr(provider.executor("e")), str(vars(provider))]

    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize("staging", ["/absolute", "../outside", "bucket/../other", ""])
def test_staging_that_names_no_bucket_is_refused(staging: str) -> None:
    with pytest.raises(PathError, match="not legal"):
        Provider(LocalConfig(), staging=staging)


def test_staging_that_is_a_uri_is_refused() -> None:
    with pytest.raises(PathError, match=r"staging='gs://lake/tmp' is a URI; .* alone: 'lake/tmp'"):
        Provider(LocalConfig(), staging="gs://lake/tmp")


@pytest.mark.parametrize(
    ("tags", "found"),
    [({"cost": 7}, "'cost': 7. Write both"), ({1: "a"}, "1: 'a'. Write both"), (["a"], "list")],
)
def test_tags_that_are_no_text_are_refused(tags: Any, found: str) -> None:
    with pytest.raises(ConfigMismatchError, match=f"mapping of text to text, .*; got {found}"):
        Provider(LocalConfig(), tags)


def test_staging_that_is_no_text_is_refused() -> None:
    bucket: Any = Provider(LocalConfig()).bucket("lake")

    with pytest.raises(ConfigMismatchError, match="staging= takes the name of a bucket"):
        Provider(LocalConfig(), staging=bucket)
