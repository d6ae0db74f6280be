"""What holds for the configs of every cloud's distribution."""

import subprocess
import sys
from importlib import import_module

import pytest
from pydantic import SecretStr

from glacier.config import Config, ProviderConfig, ResourceConfig
from tests.repo.layout import distributions, package

CLOUDS = [package(path).name for path in distributions() if path.name != "glacier-core"]


def classes(cloud: str) -> dict[str, type[Config]]:
    """Return the configs that a cloud's config module defines, or has from its resources'."""
    module = import_module(f"{cloud}.config")
    own = {module.__name__, f"{cloud}.resource_configs"}
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Config) and value.__module__ in own
    }


CONFIGS = [pytest.param(cls, id=name) for cloud in CLOUDS for name, cls in classes(cloud).items()]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_hooks_register_every_config_under_its_own_name(cloud: str) -> None:
    registered = import_module(f"{cloud}.hooks").glacier_register_configs()

    assert registered == {name: f"{cloud}.config:{name}" for name in classes(cloud)}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_hooks_load_no_config_before_it_is_asked_for(cloud: str) -> None:
    program = f"import sys, {cloud}.hooks; sys.exit('{cloud}.config' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("config", CONFIGS)
def test_config_is_a_provider_or_a_resource_config(config: type[Config]) -> None:
    assert issubclass(config, (ProviderConfig, ResourceConfig))
    assert config.model_config.get("frozen") is True
    assert config.model_config.get("extra") == "forbid"


@pytest.mark.parametrize("config", CONFIGS)
def test_every_field_says_what_it_means(config: type[Config]) -> None:
    silent = [name for name, field in config.model_fields.items() if not field.description]

    assert silent == []


@pytest.mark.parametrize("config", CONFIGS)
def test_every_secret_is_hidden(config: type[Config]) -> None:
    words = ("secret", "token", "_key", "connection_string")
    suspects = {
        name: field.annotation
        for name, field in config.model_fields.items()
        if name.endswith(words) or "secret" in name
    }

    assert all(annotation == SecretStr | None for annotation in suspects.values()), suspects
