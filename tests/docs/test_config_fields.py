"""A cloud's page names every field of its configs."""

from importlib import import_module

import pytest

from glacier import config
from tests.docs.pages import ROOT


@pytest.mark.parametrize("cloud", ["aws", "azure", "databricks", "gcp"])
def test_page_of_a_cloud_names_every_field_of_its_configs(cloud: str) -> None:
    page = (ROOT / "docs" / f"{cloud}.md").read_text(encoding="utf-8")
    offered = import_module(f"glacier_{cloud}.hooks").glacier_register_configs()
    configs = [getattr(config, name) for name in offered]

    unnamed = [
        f"{each.__name__}.{name}"
        for each in configs
        for name in each.model_fields
        if f"`{name}`" not in page
    ]

    assert configs
    assert unnamed == []
