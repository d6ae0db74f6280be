"""Reads and writes with every client, as whom the environment says; a program of its own.

    python -m tests.glacier_gcp.clients BUCKET

google-auth reads the variables of the metadata server once per process.
"""

import sys

import polars as pl

from glacier import Bucket, Provider

ROWS = pl.DataFrame({"n": [1, 2, 3]})


def use_all(provider: Provider, bucket_name: str) -> None:
    """Have Google's client, gcsfs, Polars and the libraries of tables read and write."""
    use_clients(provider, bucket_name)
    for kind in ("delta", "iceberg"):
        table = provider.bucket(bucket_name, kind, format=kind)
        table.write(ROWS)
        _check(table)


def use_clients(provider: Provider, bucket_name: str) -> None:
    """Have Google's client, gcsfs and Polars read and write."""
    bucket = provider.bucket(bucket_name, "rows.parquet")
    bucket.write(ROWS)
    assert bucket.exists()
    assert bucket.filesystem.cat_file(bucket.adapter.location().path)[:4] == b"PAR1"
    _check(bucket)


def _check(bucket: Bucket) -> None:
    assert bucket.read().sort("n").equals(ROWS)


def main() -> None:
    """Do it, and say so."""
    use_all(Provider.from_env(), sys.argv[1])
    print("done")


if __name__ == "__main__":
    main()
