"""A cloud's page names every field of its configs."""

from importlib import import_module

import pytest
from pydantic import BaseModel

from glacier import config
from tests.docs.pages import ROOT


def offered_by(cloud: str) -> list[type[BaseModel]]:
    """Return the configs of a cloud's distribution."""
    names = import_module(f"glacier_{cloud}.hooks").glacier_register_configs()
    return [getattr(config, name) for name in names]


@pytest.mark.parametrize("cloud", ["aws", "azure", "databricks", "gcp", "local", "spark"])
def test_page_of_a_cloud_names_every_field_of_its_configs(cloud: str) -> None:
    page = (ROOT / "docs" / f"{cloud}.md").read_text(encoding="utf-8")
    configs = [config.LocalConfig] if cloud == "local" else offered_by(cloud)

    unnamed = [
        f"{each.__name__}.{name}"
        for each in configs
        for name in each.model_fields
        if f"`{name}`" not in page
    ]

    assert configs
    assert unnamed == []
