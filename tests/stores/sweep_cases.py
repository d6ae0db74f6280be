"""Uploads that killed processes have left are aborted by the next write to their place."""

from typing import Protocol

import polars as pl
import pytest

from glacier import Provider
from tests.rigs.proxy import Proxy, error
from tests.stores.buckets import Objects

ROWS = pl.DataFrame({"a": [1]})
OWN = "0123456789abcdef"


class Ages(Protocol):
    """A server whose uploads grow old as they are told, and that says what it was asked."""

    def age_uploads(self, hours: float) -> None:
        """Have all uploads that are under way begun so much earlier."""

    def requests(self) -> list[dict[str, str]]:
        """Return what was asked, in order."""


class Uploads(Objects, Protocol):
    """A bucket whose uploads can be seen."""

    def uploads(self) -> list[str]:
        """Return the keys of all uploads that are neither completed nor aborted."""

    def begin(self, key: str) -> object:
        """Begin an upload and leave it, as a process does that is killed."""


def listings(server: Ages, bucket_name: str) -> int:
    """Return how often the uploads of a bucket were listed."""
    return sum(
        one["method"] == "GET" and one["path"] == f"/{bucket_name}" and "uploads" in one["query"]
        for one in server.requests()
    )


class SweepsOnStores:
    """What holds on every store where an upload stays until somebody ends it.

    A subclass binds `server`, `objects` (an empty bucket there), `provider`, `proxy` and `through`,
    a provider that goes through the proxy.
    """

    def test_old_upload_of_a_file_is_swept_by_the_next_write(
        self, server: Ages, provider: Provider, objects: Uploads
    ) -> None:
        objects.begin("f.parquet")
        server.age_uploads(hours=25)

        provider.bucket(objects.name, "f.parquet").write(ROWS)

        assert objects.uploads() == []

    def test_young_upload_is_left_to_its_writer(
        self, server: Ages, provider: Provider, objects: Uploads
    ) -> None:
        objects.begin("f.parquet")
        server.age_uploads(hours=23)

        provider.bucket(objects.name, "f.parquet").write(ROWS)

        assert objects.uploads() == ["f.parquet"]

    def test_uploads_of_other_places_are_left(
        self, server: Ages, provider: Provider, objects: Uploads
    ) -> None:
        others = ["f.parquet.bak", "g.parquet"]
        for key in others:
            objects.begin(key)
        server.age_uploads(hours=25)

        provider.bucket(objects.name, "f.parquet").write(ROWS)

        assert sorted(objects.uploads()) == others

    def test_old_uploads_of_a_dataset_are_swept_if_they_have_our_names(
        self, server: Ages, provider: Provider, objects: Uploads
    ) -> None:
        own = [f"ds/{OWN}.parquet", f"ds/k=1/{OWN}-00000000.parquet", f"ds/{OWN}.csv.gz"]
        others = ["ds/backup.parquet", "ds/k=1/part-0.parquet", f"other/{OWN}.parquet"]
        for key in [*own, *others]:
            objects.begin(key)
        server.age_uploads(hours=25)

        provider.bucket(objects.name, "ds/").write(ROWS)

        assert sorted(objects.uploads()) == others

    def test_uploads_are_listed_once_for_a_process_and_a_place(
        self, server: Ages, provider: Provider, objects: Uploads
    ) -> None:
        for _ in range(3):
            for path in ("f.parquet", "ds/"):
                provider.bucket(objects.name, path).write(ROWS)

        assert listings(server, objects.name) == 2

    @pytest.mark.parametrize("condition", [{"query": "^uploads"}, {"method": "DELETE"}])
    def test_sweep_that_is_denied_is_no_failure(
        self,
        server: Ages,
        proxy: Proxy,
        through: Provider,
        objects: Uploads,
        condition: dict[str, str],
    ) -> None:
        objects.begin("f.parquet")
        server.age_uploads(hours=25)
        denied = proxy.on(error(403, "AccessDenied"), **condition)

        through.bucket(objects.name, "f.parquet").write(ROWS)

        assert denied.played == 1
        assert objects.keys() == ["f.parquet"]

    def test_killed_upload_of_our_own_is_swept(
        self, server: Ages, provider: Provider, objects: Uploads
    ) -> None:
        bucket = provider.bucket(objects.name, "ds/")
        stage = bucket.adapter.stage("overwrite")
        assert stage.files is not None
        with stage.files.open(f"k=1/{stage.token}-00000000.parquet") as file:
            file.write(bytes(9 * 1024 * 1024))
        began = objects.uploads()
        server.age_uploads(hours=25)

        bucket.write(ROWS)

        assert began == [f"ds/k=1/{stage.token}-00000000.parquet"]
        assert objects.uploads() == []
