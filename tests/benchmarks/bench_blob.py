"""Scans and sinks of 200 MB on Blob Storage, against plain Polars with options written by hand.

python -m tests.benchmarks.bench_blob                        all of it
python -m tests.benchmarks.bench_blob glacier_write ADDRESS  one variant, in this process
"""

import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

import glacier_azure.bucket  # noqa: F401 - the adapter is imported on its first use
from glacier import Provider
from glacier.config import AzureConfig
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.benchmarks.store_variants import BUCKET, Store, compare, run_one
from tests.rigs.azure.azurite import GROUP, Azurite, missing_azurite


def options(endpoint: str) -> dict[str, str]:
    """Return Polars' options as one writes them by hand."""
    return {
        "azure_storage_account_name": DEVELOPMENT_ACCOUNT,
        "azure_storage_account_key": DEVELOPMENT_KEY,
        "azure_storage_endpoint": endpoint,
        "azure_allow_http": "true",
    }


def provider(endpoint: str) -> Provider:
    """Return the same access as a provider."""
    return Provider(
        config=AzureConfig(
            resource_group=GROUP,
            storage_account=DEVELOPMENT_ACCOUNT,
            account_key=SecretStr(DEVELOPMENT_KEY),
            endpoint=endpoint,
        )
    )


BLOB = Store(
    "Blob Storage",
    "tests.benchmarks.bench_blob",
    provider,
    options,
    lambda path: f"abfs://{BUCKET}@{DEVELOPMENT_ACCOUNT}.dfs.core.windows.net/{path}",
)


def main(arguments: list[str]) -> None:
    """Measure all variants, or run the one that is named."""
    if arguments:
        run_one(BLOB, *arguments)
        return
    reason = missing_azurite()
    if reason:
        print(f"\nBlob Storage is not measured: {reason}")
        return
    with tempfile.TemporaryDirectory() as made, Azurite(Path(made)) as server:
        compare(BLOB, server.endpoint)


if __name__ == "__main__":
    main(sys.argv[1:])
