"""Tables on a store: their commits are exclusive there too."""

from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import WriteError
from glacier.formats.iceberg_metadata import TABLE_NAME, StoreCatalog

WRITERS = 4


def rows(*numbers: int) -> pl.DataFrame:
    return pl.DataFrame({"n": list(numbers)})


def append(table: Bucket, number: int) -> None:
    """Append a row, again and again while other writers come first."""
    while True:
        try:
            table.write(rows(number), mode="append")
        except WriteError as error:
            if "Another writer changed" not in str(error):
                raise
        else:
            return


class TablesOnStores:
    """What holds of tables on every store.

    A subclass binds `provider`, `lake` (the name of an empty bucket) and `secret` (what signs).
    """

    @pytest.fixture(params=["delta", "iceberg"])
    def table(self, request: pytest.FixtureRequest, provider: Provider, lake: str) -> Bucket:
        return provider.bucket(lake, "tables/rows", request.param)

    def test_no_append_of_several_writers_is_lost(self, table: Bucket) -> None:
        table.write(rows(0))

        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(lambda number: append(table, number), range(1, WRITERS + 1)))

        assert sorted(table.read()["n"]) == list(range(WRITERS + 1))

    def test_table_that_several_writers_create_holds_all_their_rows(self, table: Bucket) -> None:
        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(lambda number: append(table, number), range(WRITERS)))

        assert sorted(table.read()["n"]) == list(range(WRITERS))

    def test_second_commit_upon_one_version_is_made_upon_the_next(
        self, provider: Provider, lake: str
    ) -> None:
        table = provider.bucket(lake, "rows", "iceberg")
        table.write(rows(0))
        catalogs = [StoreCatalog(table.adapter.location()) for _ in range(2)]
        one, other = (catalog.load_table(TABLE_NAME) for catalog in catalogs)

        one.append(rows(1).to_arrow())
        other.append(rows(2).to_arrow())

        assert sorted(table.read()["n"]) == [0, 1, 2]

    def test_metadata_is_created_and_never_replaced(self, provider: Provider, lake: str) -> None:
        table = provider.bucket(lake, "rows", "iceberg")
        table.write(rows(0))
        catalog = StoreCatalog(table.adapter.location())
        path = f"{lake}/rows/metadata/v1.metadata.json"
        before = table.filesystem.cat_file(path)

        with pytest.raises(FileExistsError):
            catalog._create_exclusively(1, b"another writer's")
        catalog._create_exclusively(1, before)  # its own, whose answer was lost

        assert table.filesystem.cat_file(path) == before

    def test_partitions_are_written_and_filtered(self, table: Bucket) -> None:
        sales = pl.DataFrame({"shop": ["a", "b", "a"], "amount": [1, 2, 3]})

        table.write(sales, partition_by="shop")

        found = table.scan().filter(pl.col("shop") == "a").collect()
        assert_frame_equal(found, sales.filter(pl.col("shop") == "a"), check_row_order=False)

    def test_table_is_appended_to_and_overwritten_in_a_run(self, table: Bucket) -> None:
        @task
        def add(number: int) -> None:
            table.write(rows(number), mode="append")

        @task(depends_on=[add])
        def replace() -> None:
            table.write(table.scan().with_columns(pl.col("n") * 10))

        @pipeline
        def changing() -> None:
            add(1)
            add(2)
            replace()

        changing.run()

        assert sorted(table.read()["n"]) == [10, 20]

    def test_plan_over_a_table_holds_no_secret(self, table: Bucket, secret: str) -> None:
        table.write(rows(1))

        frame = table.scan()

        assert secret not in frame.explain()
        assert secret.encode() not in frame.serialize()
