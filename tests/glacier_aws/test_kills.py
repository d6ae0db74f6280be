"""Writers to S3 that are killed: what is there is whole, and the next write repairs the rest."""

import random
import secrets
import sys
import time

import polars as pl
import pytest

from glacier import Provider
from tests.glacier_aws.objects import Objects
from tests.glacier_aws.s3_writers import DATASET, FILE, PARTS, rows, started, write
from tests.rigs.aws.server import AwsServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the writers are forked")

KILLS = 16
LAST_MOMENT_SECONDS = 2
REFERENCE = "reference.parquet"


def versions_of(frame: pl.DataFrame) -> list[int]:
    return frame["version"].unique().to_list()


def test_killed_writers_leave_whole_versions_only(aws_server: AwsServer) -> None:
    seed = secrets.randbits(32)
    print(f"the moments have the seed {seed}")
    moments = random.Random(seed)
    objects = Objects(aws_server)
    provider = Provider(config=aws_server.config())
    write(provider, objects.name, 0)
    counts = rows(0).group_by("part").len().collect()
    sizes = dict(counts.iter_rows())
    left, both, changed = 0, 0, 0

    with started(aws_server, objects.name) as writers:
        for kill in range(1, KILLS + 1):
            writers.kill(moments.uniform(0, LAST_MOMENT_SECONDS), 1000 * kill)
            time.sleep(0.2)  # the server ends what it was asked for
            left += len(objects.uploads()) > left

            (version,) = versions_of(provider.bucket(objects.name, FILE).read())
            provider.bucket(objects.name, REFERENCE).write(rows(version))
            bodies = objects.bodies()
            assert bodies[FILE] == bodies[REFERENCE], f"version {version}"
            changed += version >= 1000 * kill

            found = provider.bucket(objects.name, DATASET).scan().group_by("version", "part")
            groups = found.len().collect()
            for version, part, count in groups.iter_rows():
                assert count == sizes[part], f"version {version}, part {part}"
            assert groups["version"].value_counts()["count"].max() == PARTS
            both += len(versions_of(groups)) > 1

            repaired = 1000 * kill + 999
            write(provider, objects.name, repaired)
            for path in (FILE, DATASET):
                frame = provider.bucket(objects.name, path).read()
                assert versions_of(frame) == [repaired]
                assert frame.height == counts["len"].sum()

    print(f"{left} kills left an upload, {both} two versions, {changed} came after a commit")
    assert left > KILLS / 10  # else no kill came at a moment that matters
    assert changed > KILLS / 10
