"""Which config of one or several applies to a resource."""

from pathlib import Path
from typing import Any

import pytest

from glacier import Provider
from glacier.config import LocalConfig, ResourceConfig
from glacier.errors import ConfigMismatchError
from tests.core.moon import on_the_moon


class ForeignConfig(ResourceConfig):
    """The config of a resource of another platform."""


@pytest.mark.parametrize("config", [None, {"base_path": "x"}, LocalConfig, ForeignConfig()])
def test_provider_refuses_what_is_no_platforms_config(config: Any) -> None:
    with pytest.raises(
        ConfigMismatchError,
        match=r"Provider\(config=\.\.\.\) takes a platform's config, such as LocalConfig\(\.\.\.\)",
    ):
        Provider(config=config)


@pytest.mark.parametrize("factory", ["bucket", "serverless"])
def test_provider_refuses_a_lone_config_of_another_platform(
    provider: Provider, factory: str
) -> None:
    arguments = {"bucket": ("b",), "serverless": ("f", print)}[factory]

    with pytest.raises(
        ConfigMismatchError,
        match=r"on LocalConfig got ForeignConfig; it accepts no config there\. Pass config=\[",
    ):
        getattr(provider, factory)(*arguments, config=ForeignConfig())


def test_provider_names_the_config_that_it_would_take(tmp_path: Path) -> None:
    shown = on_the_moon(tmp_path, "Provider(MoonConfig()).bucket('b', config=RoverConfig())")

    assert "Bucket on MoonConfig got RoverConfig; it accepts one CraterConfig." in shown


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"versioning": True}, "dict"),
        ("S3Config", "str"),
        (ForeignConfig, "the class ForeignConfig"),
        ([ForeignConfig], "the class ForeignConfig"),
        ([ForeignConfig(), None], "NoneType"),
    ],
)
@pytest.mark.parametrize("factory", ["bucket", "executor"])
def test_provider_refuses_what_is_no_config(
    provider: Provider, factory: str, config: Any, found: str
) -> None:
    with pytest.raises(
        ConfigMismatchError,
        match=rf"{factory.title()}\(config=\.\.\.\) takes a config object or a list of them; got "
        rf"{found}\. Pass an object of a class of glacier\.config\.",
    ):
        getattr(provider, factory)("name", config=config)


def test_provider_takes_the_config_of_a_list_that_applies(tmp_path: Path) -> None:
    shown = on_the_moon(
        tmp_path,
        "def make(provider):\n"
        "    return provider.bucket('b', config=[RoverConfig(), CraterConfig(depth=2)]).config\n"
        "print(make(Provider(MoonConfig())).depth, make(Provider(LocalConfig())))",
    )

    assert shown == "2 None\n"


def test_provider_refuses_a_list_of_which_two_apply(tmp_path: Path) -> None:
    shown = on_the_moon(
        tmp_path,
        "Provider(MoonConfig()).bucket('b', config=[CraterConfig(), CraterConfig(depth=2)])",
    )

    assert "Bucket on MoonConfig got CraterConfig and CraterConfig; it accepts one Crat" in shown


def test_provider_takes_the_executor_config_of_a_list_that_applies(tmp_path: Path) -> None:
    shown = on_the_moon(
        tmp_path,
        "own = LocalConfig(base_path='jobs')\n"
        "made = Provider(LocalConfig()).executor('e', config=[RoverConfig(), own])\n"
        "print(made.config is own)",
    )

    assert shown == "True\n"


def test_provider_refuses_an_executor_that_its_platform_does_not_have(tmp_path: Path) -> None:
    shown = on_the_moon(tmp_path, "Provider(LocalConfig()).executor('e', config=RoverConfig())")

    assert "Executor on LocalConfig got RoverConfig, which does not apply there; expec" in shown
    assert "It works with MoonConfig." in shown


def test_provider_refuses_an_empty_list_of_executor_configs(provider: Provider) -> None:
    with pytest.raises(ConfigMismatchError, match="Executor on LocalConfig got an empty list"):
        provider.executor("e", config=[])
