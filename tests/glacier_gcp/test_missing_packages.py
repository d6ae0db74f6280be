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
    from glacier.config import GcpConfig
    config = GcpConfig(project="p", endpoint="http://127.0.0.1:9")
    bucket = Provider(config=config).bucket("lake", "rows.parquet")
    {work}
except MissingPackageError as error:
    print(error)
"""
SDK = {"google.auth", "google.api_core", "google.cloud", "gcsfs"}
FILES = {"gcsfs", "aiohttp"}


def said(missing: set[str], work: str) -> str:
    """Return what a program prints that can't import some packages."""
    program = PROGRAM.format(missing=missing, work=work)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize(
    "missing",
    [SDK, {"google.auth"}, {"google.api_core"}],
    ids=["all", "auth", "api core"],
)
@pytest.mark.parametrize("work", ["bucket.exists()", "bucket.get_uri()", "bucket.read()"])
def test_missing_sdk_says_what_to_install(missing: set[str], work: str) -> None:
    text = said(missing, work)

    assert 'not installed. Run: pip install "glacier-core[gcp]"' in text


@pytest.mark.parametrize("missing", [FILES, {"gcsfs"}], ids=["both", "gcsfs"])
@pytest.mark.parametrize("work", ["bucket.filesystem", "bucket.open()"])
def test_missing_gcsfs_says_what_to_install(missing: set[str], work: str) -> None:
    text = said(missing, work)

    assert text == (
        "Files on Cloud Storage need gcsfs, which is not installed. "
        'Run: pip install "glacier-core[gcp]"\n'
    )


def test_buckets_need_no_gcsfs_and_no_other_service_to_be_named() -> None:
    text = said({*FILES, "google.cloud"}, "print(bucket.get_uri())")

    assert text == "gs://lake/rows.parquet\n"


def test_configs_need_no_sdk() -> None:
    work = "from glacier.config import GcsConfig; print(GcsConfig(versioning=True).versioning)"

    assert said(SDK, f"{work}").endswith("True\n")


def test_core_alone_says_what_to_install() -> None:
    text = said({"glacier_gcp"}, "bucket.exists()")

    assert 'pip install "glacier-core[gcp]"' in text


def test_missing_client_of_one_service_is_named() -> None:
    work = "Provider(config=config).serverless('f', 'json:loads').deploy()"

    text = said({"google.cloud.functions_v2"}, work)

    assert "Serverless on GcpConfig needs google.cloud.functions_v2, which is not inst" in text
