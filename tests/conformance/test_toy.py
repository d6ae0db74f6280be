"""A third party's platform passes the shared cases."""

import pytest

from glacier.testing import BucketCases, ExecutorCases, Rig, TableCases
from tests.conformance.conftest import ToyRig


@pytest.fixture
def rig() -> Rig:
    return ToyRig()


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass


class TestExecutor(ExecutorCases):
    pass
