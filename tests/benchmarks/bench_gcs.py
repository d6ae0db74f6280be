"""Scans and sinks of 200 MB on Cloud Storage, against plain Polars with options written by hand.

python -m tests.benchmarks.bench_gcs                        all of it
python -m tests.benchmarks.bench_gcs glacier_write ADDRESS  one variant, in this process
"""

import json
import sys
import tempfile
from functools import cache
from pathlib import Path
from urllib.request import urlopen

from pydantic import SecretStr

import glacier_gcp.bucket  # noqa: F401 - the adapter is imported on its first use
from glacier import Provider
from glacier.config import GcpConfig
from tests.benchmarks.store_variants import BUCKET, Store, compare, run_one
from tests.rigs.gcp.accounts import OWNER
from tests.rigs.gcp.server import REGION, GcpServer
from tests.rigs.gcp.store import PROJECT


@cache
def key(endpoint: str) -> str:
    """Return the owner's key, which the server gives out."""
    body = json.dumps({"email": OWNER}).encode()
    with urlopen(f"{endpoint}/rig/keys", body) as answer:
        found: bytes = answer.read()
    return found.decode()


def options(endpoint: str) -> dict[str, str]:
    """Return Polars' options as one writes them by hand."""
    return {
        "google_service_account_key": key(endpoint),
        "google_base_url": endpoint,
        "allow_http": "true",
    }


def provider(endpoint: str) -> Provider:
    """Return the same access as a provider."""
    return Provider(
        config=GcpConfig(
            project=PROJECT,
            region=REGION,
            endpoint=endpoint,
            service_account_key=SecretStr(key(endpoint)),
        )
    )


GCS = Store(
    "Cloud Storage",
    "tests.benchmarks.bench_gcs",
    provider,
    options,
    lambda path: f"gs://{BUCKET}/{path}",
)


def main(arguments: list[str]) -> None:
    """Measure all variants, or run the one that is named."""
    if arguments:
        run_one(GCS, *arguments)
        return
    with tempfile.TemporaryDirectory() as made, GcpServer(Path(made)) as server:
        compare(GCS, server.endpoint)


if __name__ == "__main__":
    main(sys.argv[1:])
