"""Writers to Azure that are killed: what is there is whole, and the next write repairs the rest."""

import sys

import pytest

from glacier import Provider
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.stores.kills import killed_writers
from tests.stores.writers import FILE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the writers are forked")

KILLS = 12


def test_killed_writers_leave_whole_versions_only(azurite: Azurite) -> None:
    blobs = Blobs(azurite)
    left: list[bool] = []

    def look() -> None:
        everything = {one.name for one in blobs.client.list_blobs(include=["uncommittedblobs"])}
        is_begun = bool(everything - set(blobs.keys()))  # a file of the dataset
        left.append(is_begun or bool(blobs.blocks(FILE)))

    found = killed_writers(
        Provider(config=azurite.config()),
        blobs.name,
        blobs,
        azurite.environment,
        kills=KILLS,
        looked=look,
    )

    print(f"{sum(left)} kills left blocks, {found}")
    assert sum(left) > KILLS / 10  # else no kill came at a moment that matters
    assert found.changed > KILLS / 10
