"""How the libraries of table formats get into a store."""

import pickle
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier.formats.table_access import LiveOptions, table_options
from glacier.storage import Location

PLAIN = {"endpoint": "http://127.0.0.1:1"}
SECRET = "a-secret-token"


def provided() -> tuple[dict[str, str], int | None]:
    """Give credentials, as Polars wants to have them."""
    return {"token": SECRET}, None


def made_for(format_name: str) -> dict[str, str]:
    """Give the options of a format."""
    return {f"{format_name}_token": SECRET}


def location(**fields: object) -> Location:
    known = {"uri": "gs://b/t", "path": "b/t", "filesystem": lambda: None}
    return Location(**{**known, "storage_options": PLAIN, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (location(), PLAIN),
        (location(storage_options=None), {}),
        (location(storage_options={**PLAIN, "max_retries": 2}), PLAIN),
        (location(credential_provider=provided), {**PLAIN, "token": SECRET}),
        (location(table_options=made_for), {**PLAIN, "delta_token": SECRET}),
        (
            location(table_options=made_for, credential_provider=provided),
            {**PLAIN, "delta_token": SECRET},
        ),
    ],
)
def test_table_options_are_those_of_the_store_and_its_credentials(
    place: Location, expected: Mapping[str, str]
) -> None:
    found = table_options(place, "delta")

    assert {**found} == dict(found) == dict(found.items()) == expected
    assert len(found) == len(expected)


def test_live_options_are_asked_for_when_they_are_read() -> None:
    tokens = iter(["first", "second"])

    found = LiveOptions({}, lambda: {"token": next(tokens)})

    assert dict(found.items()) == {"token": "first"}
    assert dict(found.items()) == {"token": "second"}


def test_live_options_show_no_secret() -> None:
    found = LiveOptions(PLAIN, partial(made_for, "delta"))

    assert SECRET not in repr(found)
    assert SECRET.encode() not in pickle.dumps(found)


def test_live_options_travel() -> None:
    found = LiveOptions(PLAIN, partial(made_for, "delta"))

    arrived = pickle.loads(pickle.dumps(found))

    assert dict(arrived) == {**PLAIN, "delta_token": SECRET}


def test_live_options_are_read_by_polars_native_code(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"n": [1]}).write_parquet(path)

    def scan(retries: object) -> pl.LazyFrame:
        options: Any = LiveOptions({}, lambda: {"max_retries": retries})
        return pl.scan_parquet(path, storage_options=options)

    with pytest.raises(ValueError, match="invalid value for 'max_retries'"):
        scan("many")
    assert scan(1).collect()["n"].to_list() == [1]
