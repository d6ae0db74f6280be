"""Killed writers to Cloud Storage leave what is whole, and the next write repairs the rest."""

import sys
from itertools import pairwise

import pytest

from glacier import Provider
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.stores.kills import killed_writers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the writers are forked")

KILLS = 8


def test_killed_writers_leave_whole_versions_only(gcp_server: GcpServer) -> None:
    objects, left = Objects(gcp_server), [0]

    found = killed_writers(
        Provider(config=gcp_server.config()),
        objects.name,
        objects,
        gcp_server.environment,
        kills=KILLS,
        looked=lambda: left.append(len(objects.uploads())),
    )

    uploads = sum(now > before for before, now in pairwise(left))
    print(f"{uploads} kills left an upload, {found}")
    assert uploads > KILLS / 10  # else no kill came at a moment that matters
    assert found.changed > KILLS / 10
