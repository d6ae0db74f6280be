"""Core knows no cloud, and loads no engine but Polars before a task asks for it."""

from pathlib import Path

import pytest

from tests.repo.imports import imported_packages
from tests.repo.layout import ROOT, distributions, package

CORE = ROOT / "glacier-core" / "src" / "glacier"
SDKS = {
    "adlfs",
    "aiobotocore",
    "azure",
    "boto3",
    "botocore",
    "databricks",
    "gcsfs",
    "google",
    "s3fs",
}
ENGINES = {"narwhals", "pyspark"}
CLOUDS = {package(path).name for path in distributions()} - {"glacier"}


@pytest.mark.parametrize(
    ("source", "packages"),
    [
        ("import boto3.session as b", {"boto3"}),
        ("def f():\n    from google.cloud import storage", {"google"}),
        ("if TYPE_CHECKING:\n    import boto3\nelse:\n    import json", {"json"}),
        ("from . import sibling", set()),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, packages: set[str]) -> None:
    assert imported_packages(source) == packages


def test_core_has_modules_to_look_at() -> None:
    assert len(list(CORE.rglob("*.py"))) > 10


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path.relative_to(CORE))) for path in CORE.rglob("*.py")]
)
def test_core_imports_no_cloud(path: Path) -> None:
    imported = imported_packages(path.read_text(encoding="utf-8"))

    assert imported & (SDKS | CLOUDS) == set()


@pytest.mark.parametrize(
    ("source", "packages"),
    [
        ("import pyspark", {"pyspark"}),
        ("try:\n    import pyspark\nexcept ImportError:\n    pass", {"pyspark"}),
        ("class C:\n    import pyspark", {"pyspark"}),
        ("def f():\n    import pyspark", set()),
        ("class C:\n    async def f(self):\n        from pyspark import sql", set()),
    ],
)
def test_imports_inside_functions_can_be_left_out(source: str, packages: set[str]) -> None:
    assert imported_packages(source, at_once=True) == packages


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path.relative_to(CORE))) for path in CORE.rglob("*.py")]
)
def test_core_imports_no_engine_at_once(path: Path) -> None:
    imported = imported_packages(path.read_text(encoding="utf-8"), at_once=True)

    assert imported & ENGINES == set()
