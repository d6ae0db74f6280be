"""The conformance kit: one contract for every adapter, as tests that its author runs.

    # conftest.py
    @pytest.fixture
    def rig() -> Rig:
        return MyRig()

    # test_conformance.py
    class TestBucket(BucketCases):
        pass

Needs pytest, which nothing else in Glacier imports.

Raises:
    MissingPackageError: pytest isn't installed.
"""

from importlib.util import find_spec

from glacier.errors import MissingPackageError

if find_spec("pytest") is None:
    raise MissingPackageError(
        'glacier.testing needs pytest. Run: pip install "glacier-core[testing]"', extra="testing"
    )

from glacier.testing.base import Cases, needs
from glacier.testing.bucket_cases import BucketCases
from glacier.testing.executor_cases import ExecutorCases
from glacier.testing.rig import Rig
from glacier.testing.serverless_cases import ServerlessCases
from glacier.testing.table_cases import TableCases

__all__ = [
    "BucketCases",
    "Cases",
    "ExecutorCases",
    "Rig",
    "ServerlessCases",
    "TableCases",
    "needs",
]
