"""Reads and writes with every client, as whom the environment says; a program of its own.

    python -m tests.glacier_azure.clients CONTAINER [SECONDS]

What trusts certificates reads its variables once per process. With a pause, everything but tables
is done again after it.
"""

import sys
import time

import polars as pl

from glacier import Bucket, Provider

ROWS = pl.DataFrame({"n": [1, 2, 3]})


def use_all(provider: Provider, container: str) -> None:
    """Have Azure's SDK, adlfs, Polars and the libraries of tables read and write."""
    use_clients(provider, container)
    for kind in ("delta", "iceberg"):
        table = provider.bucket(container, kind, format=kind)
        table.write(ROWS)
        _check(table)


def use_clients(provider: Provider, container: str) -> None:
    """Have Azure's SDK, adlfs and Polars read and write."""
    bucket = provider.bucket(container, "rows.parquet")
    bucket.write(ROWS)
    assert bucket.exists()
    assert bucket.filesystem.cat_file(bucket.adapter.location().path)[:4] == b"PAR1"
    _check(bucket)


def _check(bucket: Bucket) -> None:
    assert bucket.read().sort("n").equals(ROWS)


def main() -> None:
    """Do it, and say so."""
    container, *pause = sys.argv[1:]
    provider = Provider.from_env()
    if pause:
        use_clients(provider, container)
        time.sleep(float(pause[0]))
        use_clients(provider, container)
    else:
        use_all(provider, container)
    print("done")


if __name__ == "__main__":
    main()
