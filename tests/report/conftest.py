"""What the tests of reports share."""

from pathlib import Path

import polars as pl
import pytest

from glacier import Provider
from glacier.config import LocalConfig


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    """A provider of this machine, with one file in it."""
    made = Provider(config=LocalConfig(base_path=tmp_path / "data"))
    made.bucket("lake", "sales.parquet").write(pl.DataFrame({"shop": ["n", "s"], "amount": [3, 4]}))
    return made
