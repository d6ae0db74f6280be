"""Killing writers at random: what is there is whole, and the next write repairs the rest."""

import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from glacier import Provider
from tests.stores.faults import Holds
from tests.stores.writers import DATASET, FILE, PARTS, rows, started, write

LAST_MOMENT_SECONDS = 2
REFERENCE = "reference.parquet"


@dataclass
class Kills:
    """What kills have done.

    Attributes:
        changed: How many came after a commit of their writer.
        both: How many left two versions of the dataset.
    """

    changed: int = 0
    both: int = 0


def versions_of(frame: pl.DataFrame) -> list[int]:
    return frame["version"].unique().to_list()


def killed_writers(
    provider: Provider,
    bucket_name: str,
    objects: Holds,
    environment: Mapping[str, str],
    *,
    kills: int,
    looked: Callable[[], None],
) -> Kills:
    """Kill writers one after the other, and assert each time that whole versions are left.

    Args:
        provider: The store under test.
        bucket_name: An empty bucket there.
        objects: The same bucket, seen past Glacier.
        environment: The variables by which the writers reach it.
        kills: How many.
        looked: Called after each kill, before anything is repaired.
    """
    seed = secrets.randbits(32)
    print(f"the moments have the seed {seed}")
    moments, found = random.Random(seed), Kills()
    write(provider, bucket_name, 0)
    sizes = dict(rows(0).group_by("part").len().collect().iter_rows())
    with started(environment, bucket_name) as writers:
        for first in range(1000, 1000 * (kills + 1), 1000):
            writers.kill(moments.uniform(0, LAST_MOMENT_SECONDS), first)
            time.sleep(0.2)  # the server ends what it was asked for
            looked()

            (version,) = versions_of(provider.bucket(bucket_name, FILE).read())
            provider.bucket(bucket_name, REFERENCE).write(rows(version))
            bodies = objects.bodies()
            assert bodies[FILE] == bodies[REFERENCE], f"version {version}"
            found.changed += version >= first

            scan = provider.bucket(bucket_name, DATASET).scan()
            groups = scan.group_by("version", "part").len().collect()
            for version, part, count in groups.iter_rows():
                assert count == sizes[part], f"version {version}, part {part}"
            assert groups["version"].value_counts()["count"].max() == PARTS
            found.both += len(versions_of(groups)) > 1

            repaired = first + 999
            write(provider, bucket_name, repaired)
            for path in (FILE, DATASET):
                frame = provider.bucket(bucket_name, path).read()
                assert versions_of(frame) == [repaired]
                assert frame.height == sum(sizes.values())
    return found
