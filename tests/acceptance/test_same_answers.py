"""A task has the same answer on this machine, in another process and on Spark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from glacier import Provider
from glacier.config import LocalConfig
from tests.acceptance.answers import OTHER_ON_SPARK, QUESTIONS, Answers, asking, collected
from tests.rigs.spark import spark_config


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return Provider(config=LocalConfig(base_path=tmp_path_factory.mktemp("answers")))


@pytest.fixture(scope="module")
def here(provider: Provider) -> Answers:
    """The answers of Polars in this process."""
    with asking(provider, None).run() as run:
        assert not run.jobs
        return collected(run)


@pytest.fixture(scope="module")
def elsewhere(provider: Provider, state: Path) -> Answers:
    """The answers of another process."""
    with asking(provider, provider.executor("far")).run() as run:
        assert len(run.jobs) == 1
        return collected(run)


@pytest.fixture(scope="module")
def staged() -> dict[str, list[Path]]:
    """The files in staging after the run on Spark, `open` and `closed`, and those `read`."""
    return {}


@pytest.fixture(scope="module")
def on_spark(provider: Provider, state: Path, staged: dict[str, list[Path]], java: None) -> Answers:
    """The answers of a real Spark."""
    executor = provider.executor("spark", config=spark_config("local[2]"))
    staging = Path(provider.bucket("glacier-staging").adapter.location().path)
    with asking(provider, executor).run() as run:
        assert len(run.jobs) == 1
        plans = "\n".join(frame.lazy().explain() for frame in run.result.values())
        staged["open"] = [path for path in staging.rglob("*") if path.is_file()]
        staged["read"] = [path for path in staged["open"] if str(path.parent) in plans]
        answers = collected(run)
    staged["closed"] = [path for path in staging.rglob("*") if path.is_file()]
    return answers


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory for the records of this module's runs."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("state")
        patch.setenv("GLACIER_STATE", str(place))
        yield place


@pytest.mark.parametrize("question", QUESTIONS)
def test_answer_of_another_process_is_that_of_this_one(
    question: str, here: Answers, elsewhere: Answers
) -> None:
    expected = here[question]

    found = elsewhere[question]

    assert expected.height > 0
    assert_frame_equal(found, expected, check_row_order=False)


@pytest.mark.parametrize("question", [one for one in QUESTIONS if one not in OTHER_ON_SPARK])
def test_answer_of_spark_is_that_of_this_process(
    question: str, here: Answers, on_spark: Answers
) -> None:
    expected = here[question]

    found = on_spark[question]

    assert_frame_equal(found, expected, check_row_order=False)


@pytest.mark.parametrize(("question", "reason"), OTHER_ON_SPARK.items())
def test_answer_of_spark_differs_as_documented(
    question: str, reason: str, here: Answers, on_spark: Answers
) -> None:
    expected = here[question]

    found = on_spark[question]

    assert found.schema == expected.schema
    with pytest.raises(AssertionError, match="value mismatch"):
        assert_frame_equal(found, expected, check_row_order=False)


def test_staging_holds_what_the_result_reads_until_the_run_is_closed(
    on_spark: Answers, staged: dict[str, list[Path]]
) -> None:
    names = {path.suffix for path in staged["open"]}

    assert len(staged["open"]) >= len(QUESTIONS) - 1  # the pivot is eager
    assert names == {".parquet"}
    assert staged["open"] == staged["read"]
    assert staged["closed"] == []
