"""The local platform passes the shared cases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from glacier.testing import BucketCases, ExecutorCases, Rig, ServerlessCases, TableCases
from tests.conformance.conftest import LocalRig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    base_path = tmp_path / "base"
    yield LocalRig(base_path)
    for directory in base_path.glob("*/secret"):
        directory.chmod(0o700)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass


class TestServerless(ServerlessCases):
    pass


class TestExecutor(ExecutorCases):
    pass
