"""A script's tasks get what their annotations ask for, in another process and on Spark."""

from typing import Any

import pytest

from tests.acceptance.script_project import run_script
from tests.rigs.spark import spark_config

KEYS = ("a", "b", "b")
TIMES_RATE = (3, 6, 9)
PLUS_OFFSET = (111, 121, 131)


@pytest.fixture(scope="module")
def told(java: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script prints, by where its tasks ran."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLACIER_STATE", str(tmp_path_factory.mktemp("state")))
        for place, config in (("process", None), ("spark", spark_config("local[2]"))):
            found[place] = run_script(tmp_path_factory.mktemp(place), config)
    return found


@pytest.mark.parametrize("place", ["process", "spark"])
@pytest.mark.parametrize(
    ("task", "kinds", "values"),
    [
        ("lazy", {"process": "LazyFrame", "spark": "LazyFrame"}, TIMES_RATE),
        ("eager", {"process": "DataFrame", "spark": "DataFrame"}, (1, 2, 3)),
        ("wrapped", {"process": "polars", "spark": "pyspark"}, TIMES_RATE),
        ("native", {"process": "spark", "spark": "spark"}, TIMES_RATE),
        ("unannotated", {"process": "spark", "spark": "spark"}, (110, 120, 130)),
        ("own_wrapped", {"process": "polars", "spark": "pyspark"}, PLUS_OFFSET),
        ("own_group", {"process": "own", "spark": "own"}, PLUS_OFFSET),
    ],
)
def test_task_gets_the_frame_that_it_asks_for(
    told: dict[str, Any], place: str, task: str, kinds: dict[str, str], values: tuple[int, ...]
) -> None:
    rows = told[place]["answers"][task]

    assert rows == [[key, kinds[place], x] for key, x in zip(KEYS, values, strict=True)]


@pytest.mark.parametrize("place", ["process", "spark"])
def test_task_of_optional_groups_gets_one_at_a_time(told: dict[str, Any], place: str) -> None:
    rows = told[place]["answers"]["group"]

    assert rows == [["a", "DataFrame", 3], ["b", "DataFrame", 15]]


@pytest.mark.parametrize("place", ["process", "spark"])
def test_tasks_of_all_kinds_are_one_job(told: dict[str, Any], place: str) -> None:
    assert told[place]["jobs"] == 1
