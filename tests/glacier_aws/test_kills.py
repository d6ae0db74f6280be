"""Writers to S3 that are killed: what is there is whole, and the next write repairs the rest."""

import sys
from itertools import pairwise

import pytest

from glacier import Provider
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import REGION, AwsServer
from tests.stores.kills import killed_writers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the writers are forked")

KILLS = 16


def test_killed_writers_leave_whole_versions_only(aws_server: AwsServer) -> None:
    objects, left = Objects(aws_server), [0]

    found = killed_writers(
        Provider(config=aws_server.config()),
        objects.name,
        objects,
        {**aws_server.environment, "AWS_REGION": REGION},
        kills=KILLS,
        looked=lambda: left.append(len(objects.uploads())),
    )

    uploads = sum(now > before for before, now in pairwise(left))
    print(f"{uploads} kills left an upload, {found}")
    assert uploads > KILLS / 10  # else no kill came at a moment that matters
    assert found.changed > KILLS / 10
