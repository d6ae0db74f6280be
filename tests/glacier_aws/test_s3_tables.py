"""Tables on S3."""

import pytest

from tests.rigs.aws.server import SECRET_KEY
from tests.stores.tables import TablesOnStores


class TestTables(TablesOnStores):
    @pytest.fixture
    def secret(self) -> str:
        return SECRET_KEY
