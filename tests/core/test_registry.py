"""Dispatch by resource type and config type."""

from dataclasses import replace
from pathlib import Path
from types import NoneType

import pytest

from glacier import Bucket, Executor, Provider, Serverless
from glacier.config import LocalConfig, ProviderConfig
from glacier.errors import (
    MissingPackageError,
    NoAdapterError,
    PathError,
    PluginConflictError,
    PluginError,
)
from glacier.registry import AdapterSpec, Registry, load_adapter, load_string
from glacier.resources import Resource


class SpecialConfig(LocalConfig):
    """A config that a user derived from another."""


class OtherConfig(ProviderConfig):
    """A config that nobody serves."""

    @classmethod
    def from_env(cls, environ: object = None) -> "OtherConfig":
        return cls()


class SpecialBucket(Bucket):
    """A resource type that derives from another."""


BUCKET = AdapterSpec(Bucket, LocalConfig, "stores:LocalStore")
EXECUTOR = AdapterSpec(Executor, NoneType, "machines:Local")


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.add([BUCKET, EXECUTOR], source="glacier-core 1.0")
    return made


def test_registry_finds_the_spec_of_a_pair(registry: Registry) -> None:
    found = registry.find(Bucket, LocalConfig)

    assert found is BUCKET


def test_registry_finds_the_spec_for_no_config(registry: Registry) -> None:
    found = registry.find(Executor, NoneType)

    assert found is EXECUTOR


def test_registry_finds_the_parents_spec_for_a_derived_config(registry: Registry) -> None:
    found = registry.find(Bucket, SpecialConfig)

    assert found is BUCKET


def test_registry_finds_the_parents_spec_for_a_derived_resource(registry: Registry) -> None:
    found = registry.find(SpecialBucket, LocalConfig)

    assert found is BUCKET


def test_registry_prefers_the_nearest_config(registry: Registry) -> None:
    special = AdapterSpec(Bucket, SpecialConfig, "stores:SpecialStore")
    registry.add([special], source="glacier-special 1.0")

    found = registry.find(Bucket, SpecialConfig)

    assert found is special


def test_registry_without_the_pair_says_what_is_served(registry: Registry) -> None:
    with pytest.raises(
        NoAdapterError,
        match=r"No adapter for Bucket with OtherConfig; installed for Bucket: LocalConfig\. "
        r"Install the plugin that serves it",
    ) as caught:
        registry.find(Bucket, OtherConfig)

    assert (caught.value.resource, caught.value.config) == (Bucket, OtherConfig)  # type: ignore[attr-defined]


def test_registry_without_the_resource_says_so(registry: Registry) -> None:
    with pytest.raises(NoAdapterError, match="installed for Serverless: none"):
        registry.find(Serverless, LocalConfig)


def test_registry_conflict_names_both_distributions(registry: Registry) -> None:
    registry.add([BUCKET], source="glacier-twin 2.0")

    with pytest.raises(
        PluginConflictError,
        match=r"Bucket with LocalConfig is claimed by glacier-core 1\.0 and by glacier-twin 2\.0\. "
        "Uninstall all but one of them",
    ):
        registry.find(Bucket, LocalConfig)


def test_registry_conflict_leaves_other_pairs_alone(registry: Registry) -> None:
    registry.add([BUCKET], source="glacier-twin 2.0")

    found = registry.find(Executor, NoneType)

    assert found is EXECUTOR


def test_registry_lists_its_conflicts(registry: Registry) -> None:
    registry.add([BUCKET], source="glacier-twin 2.0")

    sentences = registry.conflicts()

    assert len(sentences) == 1
    assert sentences[0].startswith("Bucket with LocalConfig is claimed by")


def test_registry_rows_name_the_source(registry: Registry) -> None:
    rows = registry.rows()

    assert rows == [(BUCKET, "glacier-core 1.0"), (EXECUTOR, "glacier-core 1.0")]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("json", r"Expected an import string 'module:attribute', got 'json'"),
        (":dumps", r"Expected an import string 'module:attribute', got ':dumps'"),
        ("json:dunps", r"Module 'json' has no 'dunps'"),
        ("no_such_module:x", r"'no_such_module:x', which a plugin registers, can't be imported"),
    ],
)
def test_load_string_refuses_what_leads_nowhere(target: str, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        load_string(target)


def test_load_adapter_refuses_what_is_no_class() -> None:
    spec = AdapterSpec(Bucket, LocalConfig, "json:dumps")

    with pytest.raises(PluginError, match="'json:dumps' is registered as an adapter and is not a"):
        load_adapter(spec)


def test_load_adapter_says_which_extra_brings_a_missing_sdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needy_adapter.py").write_text("import no_such_sdk.client\n")
    monkeypatch.syspath_prepend(tmp_path)
    spec = AdapterSpec(Bucket, LocalConfig, "needy_adapter:Store", extra="attic")

    with pytest.raises(
        MissingPackageError,
        match=r'Bucket on LocalConfig needs no_such_sdk, .* pip install "glacier-core\[attic\]"',
    ):
        load_adapter(spec)


def test_load_adapter_does_not_take_its_own_module_for_an_sdk() -> None:
    spec = AdapterSpec(Bucket, LocalConfig, "no_such_plugin:Store", extra="attic")

    with pytest.raises(PluginError, match=r"'no_such_plugin:Store'.*can't be imported"):
        load_adapter(spec)


def refuse_attic(bucket: Bucket) -> None:
    if bucket.bucket_name == "attic":
        raise PathError("nothing is kept in the attic")


class PickyProvider(Provider):
    """A provider on a platform that checks names."""

    def spec_for(self, resource: Resource) -> AdapterSpec:
        return replace(super().spec_for(resource), check=f"{__name__}:refuse_attic")


def test_check_of_a_spec_looks_at_every_new_resource(tmp_path: Path) -> None:
    provider = PickyProvider(config=LocalConfig(base_path=tmp_path))

    with pytest.raises(PathError, match="nothing is kept in the attic"):
        provider.bucket("attic")

    assert provider.bucket("cellar").bucket_name == "cellar"
