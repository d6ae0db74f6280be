"""What is said where the SDK is not installed."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())

from glacier import Provider
from glacier.errors import MissingPackageError

try:
    from glacier.config import AwsConfig
    bucket = Provider(config=AwsConfig(region="us-east-1")).bucket("lake", "rows.parquet")
    {work}
except MissingPackageError as error:
    print(error)
"""
SDK = {"boto3", "botocore", "aiobotocore", "s3fs"}
FILES = {"aiobotocore", "s3fs"}


def said(missing: set[str], work: str) -> str:
    """Return what a program prints that can't import some packages."""
    program = PROGRAM.format(missing=missing, work=work)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize("missing", [SDK, {"boto3"}, {"botocore"}])
@pytest.mark.parametrize("work", ["bucket.exists()", "bucket.get_uri()", "bucket.read()"])
def test_missing_boto3_says_what_to_install(missing: set[str], work: str) -> None:
    text = said(missing, work)

    assert "boto" in text
    assert 'which is not installed. Run: pip install "glacier-core[aws]"' in text


@pytest.mark.parametrize("missing", [FILES, {"s3fs"}, {"aiobotocore"}])
@pytest.mark.parametrize("work", ["bucket.filesystem", "bucket.open()"])
def test_missing_s3fs_says_what_to_install(missing: set[str], work: str) -> None:
    text = said(missing, work)

    assert text == (
        'Files on S3 need s3fs, which is not installed. Run: pip install "glacier-core[aws]"\n'
    )


def test_buckets_need_no_s3fs_to_be_named() -> None:
    assert said(FILES, "print(bucket.get_uri())") == "s3://lake/rows.parquet\n"


def test_core_alone_says_what_to_install() -> None:
    text = said({"glacier_aws"}, "bucket.exists()")

    assert 'pip install "glacier-core[aws]"' in text
