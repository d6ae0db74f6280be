"""Which requests a store gets: those of plain Polars, and the commit's."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import pytest

from glacier import Provider, pipeline, task
from glacier.engine import Run
from glacier.storage import WriteMode
from tests.stores.buckets import Objects

SMALL = pl.DataFrame({"k": [0, 1, 2], "n": [1, 2, 3]})
MANY = 300

Asked = Callable[[Callable[[], object]], Counter[str]]
"""Does some work, and returns which requests it made, each as method, what and range."""


def big() -> pl.DataFrame:
    """20 MB: three parts."""
    return pl.select(k=pl.int_range(2_500_000) % 3, n=pl.int_range(2_500_000).hash())


@dataclass(frozen=True)
class Costs:
    """Which requests an operation makes, and how many.

    Attributes:
        first: What the first write of a process to a place asks besides.
        read: A read of a small file, whatever the ranges.
        scan: The listing of a dataset that is scanned.
        write: A write of one request.
        parts: A write of three parts.
        look: A look whether an object is there.
        list: A listing of a dataset.
        delete: A deletion of one object.
        delete_several: One of the objects of a dataset.
        delete_many: One of 300 objects.
    """

    first: Mapping[str, int]
    read: Mapping[str, int]
    scan: Mapping[str, int]
    write: Mapping[str, int]
    parts: Mapping[str, int]
    look: Mapping[str, int]
    list: Mapping[str, int]
    delete: Mapping[str, int]
    delete_several: Mapping[str, int]
    delete_many: Mapping[str, int]


class RequestsOfStores:
    """What holds on every store.

    A subclass says what operations cost, and binds `provider`, `objects` (an empty bucket), `asked`
    and `options`, Polars' own as one writes them by hand.
    """

    costs: ClassVar[Costs]

    def test_making_buckets_and_declared_scans_asks_for_nothing(
        self, provider: Provider, objects: Objects, asked: Asked
    ) -> None:
        def work() -> None:
            bucket = provider.bucket(objects.name, "f.parquet", schema=dict(SMALL.schema))
            bucket.get_uri()
            bucket.scan().filter(pl.col("n") > 1).collect_schema()

        assert asked(work) == {}

    @pytest.mark.parametrize("rows", [SMALL, big()], ids=["small", "big"])
    @pytest.mark.parametrize("declared", [False, True], ids=["", "schema"])
    def test_scan_asks_for_what_polars_asks_for(
        self,
        provider: Provider,
        objects: Objects,
        options: dict[str, str],
        asked: Asked,
        rows: pl.DataFrame,
        declared: bool,
    ) -> None:
        schema = rows.schema if declared else None
        provider.bucket(objects.name, "f.parquet").write(rows)
        bucket = provider.bucket(objects.name, "f.parquet", schema=schema)
        uri, total = bucket.get_uri(), pl.col("n").sum()

        ours = asked(lambda: bucket.scan().select(total).collect())
        plain = asked(
            lambda: (
                pl.scan_parquet(uri, schema=schema, storage_options=options).select(total).collect()
            )
        )

        assert ours == plain
        assert ours

    def test_scan_of_a_dataset_asks_for_what_polars_asks_for(
        self, provider: Provider, objects: Objects, options: dict[str, str], asked: Asked
    ) -> None:
        bucket = provider.bucket(objects.name, "ds/")
        bucket.write(SMALL, partition_by="k")
        uri, total = bucket.get_uri(), pl.col("n").sum()

        ours = asked(lambda: bucket.scan().select(total).collect())
        plain = asked(lambda: pl.scan_parquet(uri, storage_options=options).select(total).collect())

        assert by_kind(ours) == by_kind(plain)
        assert {what: ours[what] for what in self.costs.scan} == self.costs.scan

    def test_read_asks_for_what_polars_asks_for(
        self, provider: Provider, objects: Objects, options: dict[str, str], asked: Asked
    ) -> None:
        bucket = provider.bucket(objects.name, "f.parquet")
        bucket.write(SMALL)

        ours = asked(bucket.read)
        plain = asked(lambda: pl.scan_parquet(bucket.get_uri(), storage_options=options).collect())

        assert ours == plain
        assert by_kind(ours) == self.costs.read

    def test_record_of_a_run_asks_for_nothing(
        self, provider: Provider, objects: Objects, asked: Asked
    ) -> None:
        """Neither the plans of its queries, nor the rows and bytes that were written."""
        source = provider.bucket(objects.name, "f.parquet")
        source.write(big())
        target = provider.bucket(objects.name, "copy.parquet")
        target.write(SMALL)

        @task
        def copy_rows() -> None:
            target.write(source.scan().filter(pl.col("k") > 0))

        @pipeline
        def copying() -> None:
            copy_rows()

        runs: list[Run] = []
        plain = asked(copy_rows)
        recorded = asked(lambda: runs.append(copying.run()))
        (settle,) = runs[0].settles

        assert by_kind(recorded) == by_kind(plain)
        assert "Parquet SCAN" in settle.queries[0].plan
        assert settle.writes[0].rows == target.read().height
        assert (settle.writes[0].size_bytes or 0) > 1_000_000

    def test_write_of_a_small_file_is_one_request(
        self, provider: Provider, objects: Objects, options: dict[str, str], asked: Asked
    ) -> None:
        bucket = provider.bucket(objects.name, "f.parquet")

        first = asked(lambda: bucket.write(SMALL))
        second = asked(lambda: bucket.write(SMALL))
        plain = asked(lambda: SMALL.lazy().sink_parquet(bucket.get_uri(), storage_options=options))

        assert first == together(self.costs.first, self.costs.write)
        assert second == plain == self.costs.write
        assert second.total() == 1

    def test_write_of_a_large_file_is_its_parts_and_what_joins_them(
        self, provider: Provider, objects: Objects, asked: Asked
    ) -> None:
        bucket, rows = provider.bucket(objects.name, "f.parquet"), big()
        bucket.write(SMALL)

        found = asked(lambda: bucket.write(rows))

        assert found == self.costs.parts

    def test_write_of_a_dataset_lists_it_and_deletes_what_was_there(
        self, provider: Provider, objects: Objects, asked: Asked
    ) -> None:
        costs, bucket = self.costs, provider.bucket(objects.name, "ds/")

        first = asked(lambda: bucket.write(SMALL, partition_by="k"))
        again = asked(lambda: bucket.write(SMALL, partition_by="k"))
        added = asked(lambda: bucket.write(SMALL, partition_by="k", mode="append"))

        assert first == together(costs.first, costs.list, *[costs.write] * 3)
        assert again == together(costs.list, *[costs.write] * 3, costs.delete_several)
        assert added == together(*[costs.write] * 3)

    @pytest.mark.parametrize("mode", ["error", "ignore"])
    def test_write_that_replaces_nothing_looks_first(
        self, provider: Provider, objects: Objects, asked: Asked, mode: WriteMode
    ) -> None:
        bucket = provider.bucket(objects.name, "f.parquet")

        found = asked(lambda: bucket.write(SMALL, mode=mode))

        assert found == together(self.costs.first, self.costs.look, self.costs.write)

    def test_looking_and_deleting_ask_as_little_as_can_be(
        self, provider: Provider, objects: Objects, asked: Asked
    ) -> None:
        costs = self.costs
        file, dataset = (provider.bucket(objects.name, path) for path in ("f.parquet", "ds/"))
        file.write(SMALL)
        dataset.write(SMALL, partition_by="k")

        assert asked(file.exists) == costs.look
        assert asked(file.list) == costs.look
        assert asked(dataset.exists) == costs.list
        assert asked(dataset.list) == costs.list
        assert asked(dataset.delete) == together(costs.list, costs.delete_several)
        assert asked(file.delete) == costs.delete
        assert asked(file.delete) == costs.delete

    def test_many_objects_are_deleted_by_few_requests(
        self, provider: Provider, objects: Objects, asked: Asked
    ) -> None:
        for number in range(MANY):
            objects.put(f"ds/{number}.csv", b"n\n1\n")

        found = asked(provider.bucket(objects.name, "ds/").delete)

        assert found == together(self.costs.list, self.costs.delete_many)
        assert objects.keys() == []


def together(*costs: Mapping[str, int]) -> Counter[str]:
    """Return all the requests."""
    found: Counter[str] = Counter()
    for one in costs:
        found.update(one)
    return found


def by_kind(found: Counter[str]) -> Counter[str]:
    """Return how many requests of each kind there were, whatever their ranges."""
    kinds: Counter[str] = Counter()
    for what, count in found.items():
        kinds[re.sub(" bytes=.*", "", what)] += count
    return kinds
