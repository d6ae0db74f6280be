"""Nothing is loaded before it is needed."""

import sys
from textwrap import dedent

import pytest

from tests.core.distributions import run_python

# Not `google.cloud`, a namespace that Google's test runtime makes when Python starts.
SDKS = {"boto3", "botocore", "azure", "google.auth", "google.api_core", "databricks", "pyspark"}
LOCAL = """
    from glacier import Provider, pipeline, task
    from glacier.config import LocalConfig
"""
REPORT = """
import sys
print(*sys.modules, sep="\\n")
"""


def modules_after(source: str) -> set[str]:
    ran = run_python(dedent(source) + REPORT)
    assert ran.stderr == ""
    return set(ran.stdout.splitlines())


def test_import_of_glacier_loads_no_plugin() -> None:
    loaded = modules_after(LOCAL)

    assert not {name for name in loaded if name.startswith(("glacier.local", "glacier_"))}


@pytest.mark.parametrize(
    "name", ["cloudpickle", "fsspec", "jinja2", "pluggy", "rich", "tenacity", "typer"]
)
def test_import_of_glacier_does_not_load(name: str) -> None:
    loaded = modules_after(LOCAL)

    assert name not in loaded


def test_the_command_alone_does_not_load_polars() -> None:
    loaded = modules_after("import glacier.cli.app")

    assert "typer" in loaded
    assert "polars" not in loaded


def test_a_run_does_not_load_what_only_its_report_needs() -> None:
    loaded = modules_after(
        LOCAL
        + """
    @task
    def one():
        return 1

    @pipeline
    def ones():
        return one()

    ones.run()._repr_html_()
    """
    )

    assert "glacier.engine.run" in loaded
    assert not loaded & {"glacier.report.page", "jinja2"}


def test_import_of_glacier_loads_no_sdk() -> None:
    loaded = modules_after(LOCAL)

    assert not loaded & SDKS


def test_import_of_a_clouds_config_loads_no_sdk_and_no_adapter() -> None:
    pytest.importorskip("glacier_aws")

    loaded = modules_after("from glacier.config import AwsConfig, S3Config")

    assert "glacier_aws.config" in loaded
    assert not loaded & SDKS
    assert not {name for name in loaded if name.startswith("glacier.local.")} - {
        "glacier.local.hooks"
    }


def test_a_provider_alone_loads_no_plugin() -> None:
    loaded = modules_after(LOCAL + "    Provider(LocalConfig())")

    assert not {name for name in loaded if name.startswith(("glacier.local", "glacier_"))}


def test_imports_are_seen_by_these_tests() -> None:
    loaded = modules_after("import pluggy")

    assert "pluggy" in loaded
    assert loaded > {"sys"} <= set(sys.modules)
