"""A cloud's page names every field of its configs."""

from importlib import import_module

import pytest

from glacier.config import Config
from tests.docs.pages import ROOT


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_page_of_a_cloud_names_every_field_of_its_configs(cloud: str) -> None:
    page = (ROOT / "docs" / f"{cloud}.md").read_text(encoding="utf-8")
    module = import_module(f"glacier_{cloud}.config")
    configs = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Config)
        and value.__module__ == module.__name__
    ]

    unnamed = [
        f"{config.__name__}.{name}"
        for config in configs
        for name in config.model_fields
        if f"`{name}`" not in page
    ]

    assert configs
    assert unnamed == []
