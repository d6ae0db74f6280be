"""Scans and sinks of 200 MB on S3, against plain Polars with options written by hand.

python -m tests.benchmarks.bench_s3                        all of it
python -m tests.benchmarks.bench_s3 glacier_write ADDRESS  one variant, in this process
"""

import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

import glacier_aws.bucket  # noqa: F401 - the adapter is imported on its first use
from glacier import Provider
from glacier.config import AwsConfig
from tests.benchmarks.store_variants import BUCKET, Store, compare, run_one
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer


def options(endpoint: str) -> dict[str, str]:
    """Return Polars' options as one writes them by hand."""
    return {
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region": REGION,
        "aws_endpoint_url": endpoint,
    }


def provider(endpoint: str) -> Provider:
    """Return the same access as a provider."""
    return Provider(
        config=AwsConfig(
            region=REGION,
            endpoint_url=endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SecretStr(SECRET_KEY),
        )
    )


S3 = Store(
    "S3", "tests.benchmarks.bench_s3", provider, options, lambda path: f"s3://{BUCKET}/{path}"
)


def main(arguments: list[str]) -> None:
    """Measure all variants, or run the one that is named."""
    if arguments:
        run_one(S3, *arguments)
        return
    with tempfile.TemporaryDirectory() as made, AwsServer(Path(made)) as server:
        compare(S3, server.endpoint)


if __name__ == "__main__":
    main(sys.argv[1:])
