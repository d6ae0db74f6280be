"""What is said where the SDK is not installed."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in {missing!r}):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())

from glacier import Provider
from glacier.errors import MissingPackageError

try:
    from glacier.config import AzureConfig
    config = AzureConfig(resource_group="rg", storage_account="lakes")
    bucket = Provider(config=config).bucket("lake", "rows.parquet")
    {work}
except MissingPackageError as error:
    print(error)
"""
SDK = {"azure", "msal", "adlfs"}
FILES = {"adlfs", "aiohttp"}


def said(missing: set[str], work: str) -> str:
    """Return what a program prints that can't import some packages."""
    program = PROGRAM.format(missing=missing, work=work)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize(
    "missing", [SDK, {"azure.identity"}, {"azure.storage.blob"}], ids=["all", "identity", "storage"]
)
@pytest.mark.parametrize("work", ["bucket.exists()", "bucket.get_uri()", "bucket.read()"])
def test_missing_sdk_says_what_to_install(missing: set[str], work: str) -> None:
    text = said(missing, work)

    assert 'not installed. Run: pip install "glacier-core[azure]"' in text


@pytest.mark.parametrize("missing", [FILES, {"adlfs"}], ids=["both", "adlfs"])
@pytest.mark.parametrize("work", ["bucket.filesystem", "bucket.open()"])
def test_missing_adlfs_says_what_to_install(missing: set[str], work: str) -> None:
    text = said(missing, work)

    assert text == (
        "Files on Blob Storage need adlfs, which is not installed. "
        'Run: pip install "glacier-core[azure]"\n'
    )


def test_buckets_need_no_adlfs_and_no_manager_to_be_named() -> None:
    text = said({*FILES, "azure.mgmt"}, "print(bucket.get_uri())")

    assert text == "abfs://lake@lakes.dfs.core.windows.net/rows.parquet\n"


def test_core_alone_says_what_to_install() -> None:
    text = said({"glacier_azure"}, "bucket.exists()")

    assert 'pip install "glacier-core[azure]"' in text
