"""A config's secret is in nothing that a job leaves, however its tasks reach the config."""

import logging
import secrets
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.engine import Run
from glacier.errors import PackageError, RunError
from tests.acceptance.secretive import TokenConfig, Watch, files_that_hold, reaching, spellings

CANARY = "canary-" + secrets.token_hex(12)


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    config = TokenConfig(base_path=tmp_path / "data", token=SecretStr(CANARY))
    return Provider(config=config)


@pytest.fixture
def buckets(provider: Provider) -> dict[str, Bucket]:
    made = {
        "parquet": provider.bucket("sales", "rows.parquet"),
        "delta": provider.bucket("sales", "table", "delta"),
    }
    for bucket in made.values():
        bucket.write(pl.DataFrame({"x": [1, 2, 3]}))
    return made


def test_secret_is_in_nothing_that_a_run_leaves(
    anywhere: Executor,
    buckets: dict[str, Bucket],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reached = reaching(buckets, anywhere)
    caplog.set_level(logging.DEBUG)

    plan = reached.plan()
    with Watch() as watch, pytest.raises(RunError) as failure:
        reached.run()
    found, count = files_that_hold(CANARY, tmp_path)

    run = failure.value.run
    assert run is not None
    assert "ValueError: ([6, 6], [5, 5], [6, 6], [6, 6, 5, 5])" in str(failure.value)
    assert found == []
    assert count > 100  # Glacier's own modules, for one
    staged = {path.name for path in (tmp_path / "data/glacier-staging").rglob("*")}
    assert staged >= {"header.json", "code.zip", "payload.pickle", "result.pickle", "result.json"}
    assert any(b"entrypoint.py" in line for line in watch.seen)
    assert "provider_config" in run.jobs[0].log  # the run's record, which it printed
    told = [plan, failure.value, *_causes(run), caplog.text, *(job.log for job in run.jobs)]
    shown = [run, run.jobs, run.tasks, run.errors, buckets, anywhere, anywhere.provider]
    texts = [*map(str, told), *map(repr, shown), *(repr(job) for job in run.jobs)]
    everything = b"\0".join([*watch.seen, *(text.encode() for text in texts)])
    assert not any(form in everything for form in spellings(CANARY))


def _causes(run: Run) -> list[BaseException | None]:
    return [error.__cause__ for error in run.errors.values()]


def test_task_that_holds_the_secret_itself_is_refused(
    anywhere: Executor, buckets: dict[str, Bucket], tmp_path: Path
) -> None:
    config = buckets["parquet"].provider.config
    assert isinstance(config, TokenConfig)
    token = config.token.get_secret_value()

    @task(executor=anywhere)
    def leak() -> int:
        return len(token)

    @pipeline
    def leaking() -> Any:
        return leak()

    with pytest.raises(RunError, match=r"holds the secret TokenConfig\.token") as failure:
        leaking.run()
    found, _ = files_that_hold(CANARY, tmp_path)

    run = failure.value.run
    assert run is not None
    assert isinstance(run.errors["leak"].__cause__, PackageError)
    assert run.jobs == []
    assert found == []
    assert CANARY not in f"{failure.value!r} {failure.value} {run.errors} {run!r}"


def test_search_finds_the_secret_in_every_spelling(tmp_path: Path) -> None:
    """The search that the other tests rely on can fail."""
    for number, form in enumerate(spellings(CANARY)):
        (tmp_path / f"{number}.bin").write_bytes(b"before" + form + b"after")

    found, count = files_that_hold(CANARY, tmp_path)

    assert len(found) == count == len(spellings(CANARY))
