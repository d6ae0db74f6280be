"""Configs: lazy names, and what every config promises."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import Field, SecretBytes, SecretStr, ValidationError

from glacier import config
from glacier.config import LocalConfig, ProviderConfig, ResourceConfig
from glacier.config.base import at_home
from tests.core.distributions import run_python, write_distribution

SECRET = "hunter2-hunter2"


class KeyedConfig(ProviderConfig):
    """A platform that takes secrets of all kinds."""

    region: str = "north"
    key: SecretStr | None = None
    certificate: SecretBytes | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    others: tuple["KeyedConfig", ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "KeyedConfig":
        return cls()


SECRETS = [
    {"key": SecretStr(SECRET)},
    {"certificate": SecretBytes(SECRET.encode())},
    {"headers": {"auth": SecretStr(SECRET)}},
    {"others": (KeyedConfig(key=SecretStr(SECRET)),)},
]


class SettingsConfig(KeyedConfig):
    """A platform with settings of its own, as variables of functions and Spark's are."""

    settings: dict[str, str | list[str]] = Field(default_factory=dict)


def test_repr_is_without_the_secrets_that_uris_in_settings_carry() -> None:
    uri = "postgres://ann:pass-word@host/db"
    here = SettingsConfig(settings={"URL": uri, "ALL": [uri, "plain"]})

    text = repr(here)

    hidden = "postgres://ann:(hidden)@host/db"
    assert f"settings={ {'URL': hidden, 'ALL': [hidden, 'plain']} }" in text
    assert here.settings["URL"] == uri


@pytest.mark.parametrize("shown", [repr, str])
def test_repr_is_without_the_secrets_that_uris_carry(shown: Callable[[object], str]) -> None:
    """Such as an endpoint's, in a field that is no secret by itself."""
    here = KeyedConfig(region="https://ann:pass-word@north?sig=abc", others=(KeyedConfig(),))

    text = shown(here)

    assert text.count("region='https://ann:(hidden)@north?sig=(hidden)'") == 1
    assert text.count("region='north'") == 1
    assert here.region == "https://ann:pass-word@north?sig=abc"


def test_config_offers_what_it_lists() -> None:
    offered = {name: getattr(config, name) for name in config.__all__}

    assert offered["LocalConfig"] is LocalConfig
    assert set(dir(config)) >= set(config.__all__)


@pytest.mark.parametrize(
    "source",
    [
        "from glacier.config import *; LocalConfig()",
        "import inspect, glacier.config; inspect.getmembers(glacier.config)",
        "import pydoc, glacier.config; pydoc.render_doc(glacier.config)",
        "import glacier.config; [getattr(glacier.config, n) for n in dir(glacier.config)]",
    ],
)
def test_config_can_be_looked_into_without_any_cloud(tmp_path: Path, source: str) -> None:
    complaint = run_without_clouds(tmp_path, source)

    assert complaint == ""


def test_config_lists_the_names_of_installed_plugins_only(tmp_path: Path) -> None:
    listing = "import sys, glacier.config; sys.exit(' '.join(dir(glacier.config)))"

    without, installed = run_without_clouds(tmp_path, listing), dir(config)

    assert "LocalConfig" in without.split()
    assert "AwsConfig" not in without.split()
    assert {"AwsConfig", "LocalConfig"} <= set(installed)


def test_config_finds_the_names_that_plugins_register(tmp_path: Path) -> None:
    write_distribution(
        tmp_path,
        "glacier-moon",
        """
        from glacier.config import ProviderConfig
        from glacier.hookspecs import hookimpl

        class MoonConfig(ProviderConfig):
            @classmethod
            def from_env(cls, environ=None):
                return cls()

        @hookimpl
        def glacier_register_configs():
            return {"MoonConfig": "glacier_moon:MoonConfig"}
        """,
    )

    ran = run_python(
        "from glacier.config import MoonConfig; print(MoonConfig.__module__)", tmp_path
    )

    assert (ran.stdout, ran.stderr) == ("glacier_moon\n", "")


def test_config_of_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        AttributeError, match=r"glacier\.config has no config 'MarsConfig'; it has .*L"
    ):
        config.MarsConfig  # noqa: B018


def test_config_of_an_unknown_private_name_is_a_plain_attribute_error() -> None:
    with pytest.raises(
        AttributeError, match=r"module 'glacier\.config' has no attribute '_nothing'"
    ):
        config._nothing  # noqa: B018


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("AwsConfig", "aws"),
        ("S3Config", "aws"),
        ("BlobConfig", "azure"),
        ("GcsConfig", "gcp"),
        ("DatabricksConfig", "databricks"),
        ("SparkConfig", "spark"),
    ],
)
def test_config_of_a_missing_package_says_what_to_install(
    tmp_path: Path, name: str, extra: str
) -> None:
    ran = run_without_clouds(tmp_path, f"from glacier.config import {name}")

    assert ran.strip().endswith(
        f"MissingPackageError: {name} needs a package that is not installed. "
        f'Run: pip install "glacier-core[{extra}]"'
    )


def test_config_of_a_broken_package_says_why(tmp_path: Path) -> None:
    write_distribution(
        tmp_path, "glacier-aws", "raise OSError('no disk')", entry="aws", version="9.9"
    )

    ran = run_python("from glacier.config import AwsConfig", tmp_path)

    assert (
        "Run: pip install \"glacier-core[aws]\" (The plugin 'aws' of glacier-aws 9.9" in ran.stderr
    )
    assert "could not be loaded: OSError: no disk." in ran.stderr


def run_without_clouds(tmp_path: Path, source: str) -> str:
    """Return what a program complains of where no cloud's distribution is installed.

    A distribution nearer on the path hides one of the same name, and these have no plugin.
    """
    for cloud in ("aws", "azure", "gcp", "databricks", "spark"):
        info = tmp_path / f"glacier_{cloud}-0.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: glacier-{cloud}\nVersion: 0.0\n"
        )
    return run_python(source, tmp_path).stderr


@pytest.mark.parametrize(
    "variable", ["AWS_REGION", "AZURE_RESOURCE_GROUP", "GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"]
)
def test_environment_of_a_missing_package_never_falls_back_to_this_machine(
    tmp_path: Path, variable: str
) -> None:
    complaint = run_without_clouds(
        tmp_path,
        f"from glacier.config import from_environment; from_environment({{{variable!r}: 'x'}})",
    )

    assert (
        f"MissingPackageError: The environment variable {variable} asks for a platform" in complaint
    )
    assert 'Run: pip install "glacier-core[' in complaint


def test_config_is_frozen() -> None:
    made = LocalConfig()

    with pytest.raises(ValidationError, match="Instance is frozen"):
        made.base_path = Path("elsewhere")  # type: ignore[misc]


def test_config_refuses_fields_that_it_does_not_know() -> None:
    with pytest.raises(
        ValidationError, match="unknown base_paht; the fields of LocalConfig are base_p"
    ):
        LocalConfig(base_paht="elsewhere")  # type: ignore[call-arg]


def test_resource_config_takes_overrides() -> None:
    made = ResourceConfig(overrides={"Tier": "Cool"})

    assert made.overrides == {"Tier": "Cool"}


def test_local_config_takes_its_path_from_the_environment() -> None:
    made = LocalConfig.from_env({"GLACIER_LOCAL_PATH": "/srv/data"})

    assert made == LocalConfig(base_path=Path("/srv/data"))


@pytest.mark.parametrize("given", ["data/raw", Path("data/raw")])
def test_local_config_holds_a_path_whatever_it_is_given(given: Path | str) -> None:
    made = LocalConfig(base_path=given)

    assert made.base_path == Path("data/raw")
    assert isinstance(made.base_path, Path)


def test_local_config_refuses_an_empty_path() -> None:
    with pytest.raises(
        ValidationError, match=r"base_path is empty; expected a directory, such as 'data' or '\.'"
    ):
        LocalConfig(base_path="")


def test_local_config_without_the_variable_is_the_default() -> None:
    made = LocalConfig.from_env({})

    assert made.base_path == Path("data")


@pytest.mark.parametrize("secret", SECRETS, ids=lambda fields: next(iter(fields)))
def test_config_shows_no_secret(secret: dict[str, object]) -> None:
    made = KeyedConfig.model_validate(secret)

    shown = [repr(made), str(made), f"{made}", made.model_dump_json(), str(made.model_dump())]

    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda fields: next(iter(fields)))
def test_config_without_secrets_keeps_the_rest(secret: dict[str, object]) -> None:
    made = KeyedConfig.model_validate({"region": "south", **secret})

    stripped = made.without_secrets()

    assert stripped == KeyedConfig(region="south")
    assert stripped.model_fields_set == {"region"}


def test_config_without_secrets_is_itself_where_it_has_none() -> None:
    made = KeyedConfig(region="south")

    assert made.without_secrets() is made


@pytest.mark.parametrize("secret", SECRETS, ids=lambda fields: next(iter(fields)))
def test_config_pickles_without_its_secrets(secret: dict[str, object]) -> None:
    made = KeyedConfig.model_validate({"region": "south", **secret})

    pickled = pickle.dumps(made)

    assert SECRET.encode() not in pickled
    assert pickle.loads(pickled) == KeyedConfig(region="south")


def test_config_that_comes_home_has_its_secrets_again() -> None:
    own = KeyedConfig(region="south", key=SecretStr(SECRET))
    other = KeyedConfig(region="east", key=SecretStr(SECRET))
    pickled, others = pickle.dumps(own), pickle.dumps(other)

    with at_home(own):
        home, second = pickle.loads(pickled), pickle.loads(others)

    assert home == own
    assert second == other
    assert pickle.loads(pickled) == KeyedConfig(region="south")


def test_config_that_comes_home_is_not_taken_for_one_that_looks_like_it() -> None:
    one = KeyedConfig(region="south", key=SecretStr(SECRET))
    two = KeyedConfig(region="south", key=SecretStr("another"))
    pickled = pickle.dumps([one, two])

    with at_home(one):
        arrived = pickle.loads(pickled)

    assert arrived == [one, two]


def test_config_comes_home_from_another_process_that_pickled_it_again() -> None:
    own = KeyedConfig(region="south", key=SecretStr(SECRET))
    over_there = pickle.loads(pickle.dumps(own))
    returned = pickle.dumps(over_there)

    with at_home(KeyedConfig(region="east")):
        arrived = pickle.loads(returned)

    assert over_there == KeyedConfig(region="south")
    assert arrived == own


def test_config_that_was_made_over_there_is_the_jobs_own_at_home() -> None:
    own = KeyedConfig(region="south", key=SecretStr(SECRET))
    made = pickle.dumps([KeyedConfig(region="south"), KeyedConfig(region="east")])

    with at_home(own):
        same, other = pickle.loads(made)

    assert same == own
    assert other == KeyedConfig(region="east")


def test_config_copies_keep_their_secrets() -> None:
    made = KeyedConfig(key=SecretStr(SECRET))

    copy = made.model_copy(deep=True)

    assert copy == made
