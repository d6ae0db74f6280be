"""A whole pipeline as a serverless function: its arguments in, the summary of its run out."""

import re
import sys
from pathlib import Path

import polars as pl
import pytest

from glacier import Provider, pipeline, task
from glacier.config import CloudFunctionConfig, GcpConfig, LocalConfig
from glacier.errors import ConfigError, FunctionError, ParameterError, RunError
from glacier.resources.schedules import Cron, cron_in


@task
def doubled(numbers: list[int], target: str) -> pl.LazyFrame:
    if target == "fails":
        raise ValueError("no numbers today")
    return pl.LazyFrame({"n": numbers}).with_columns(pl.col("n") * 2)


@task
def saved(frame: pl.LazyFrame, target: str) -> None:
    Provider(config=LocalConfig(base_path=target)).bucket("lake", "doubled.parquet").write(frame)


@pipeline
def double(target: str, numbers: list[int] | None = None) -> None:
    saved(doubled(numbers or [1, 2], target), target)


@pipeline
def other() -> None: ...


@pipeline
def free(**options: str) -> None: ...


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    return Provider(config=LocalConfig(base_path=tmp_path))


def test_invocation_runs_the_pipeline_and_returns_its_summary(
    provider: Provider, tmp_path: Path
) -> None:
    function = provider.serverless("double", double)
    double.deploy(serverless=function)

    told = function.invoke({"target": str(tmp_path), "numbers": [3]})

    assert provider.bucket("lake", "doubled.parquet").read()["n"].to_list() == [6]
    assert (told["pipeline"], told["status"]) == ("double", "SUCCEEDED")
    assert {name: one["status"] for name, one in told["tasks"].items()} == {
        "doubled": "SUCCEEDED",
        "saved": "SUCCEEDED",
    }
    assert told["tasks"]["saved"]["writes"] == [(tmp_path / "lake/doubled.parquet").as_uri()]


def test_run_that_fails_fails_the_invocation(provider: Provider) -> None:
    function = provider.serverless("double", double)

    with pytest.raises(FunctionError, match="'doubled' failed: ValueError: no numbers") as caught:
        function.invoke({"target": "fails"})

    assert isinstance(caught.value.__cause__, RunError)


def test_payload_that_does_not_fit_is_refused(provider: Provider) -> None:
    function = provider.serverless("double", double)

    with pytest.raises(FunctionError, match="takes target, numbers; the payload has targets"):
        function.invoke({"targets": "x"})


def test_payload_that_lacks_an_argument_is_refused(provider: Provider) -> None:
    function = provider.serverless("double", double)

    with pytest.raises(FunctionError, match=r"PayloadError: .*nothing: missing .*'target'"):
        function.invoke({})


def test_payload_has_what_keywords_of_any_name_take(provider: Provider) -> None:
    function = provider.serverless("free", free)

    assert function.invoke({"region": "eu"})["status"] == "SUCCEEDED"


def test_function_of_another_pipeline_is_refused(provider: Provider) -> None:
    function = provider.serverless("double", double)

    with pytest.raises(FunctionError, match=r"provider\.serverless\('double', other\)"):
        other.deploy(serverless=function)


def test_pipeline_is_packaged_by_its_module(provider: Provider) -> None:
    package = provider.serverless("double", double).package()

    assert package.exists()
    assert double.handler.__qualname__ == "double.handler"
    assert sys.modules[double.handler.__module__].double is double


def test_schedule_on_this_machine_is_refused(provider: Provider) -> None:
    function = provider.serverless("other", other)

    with pytest.raises(ConfigError, match="Functions on LocalConfig have no schedule"):
        other.deploy(serverless=function, schedule="cron(0 6 * * *)")


@pipeline
def dated(day: str, month: str, year: str = "2024") -> None: ...


def test_schedule_of_a_pipeline_that_needs_arguments_is_refused() -> None:
    provider = Provider(config=GcpConfig(project="lakes", region="europe-west1"))
    function = provider.serverless("dated", dated)

    with pytest.raises(
        ParameterError, match=r"'dated' no arguments, and it needs day, month\. Giv"
    ):
        dated.deploy(serverless=function, schedule="cron(0 6 * * *)")


def test_five_fields_of_cron_are_for_every_platform() -> None:
    assert cron_in("cron(0 6 * * MON-FRI)") == Cron("0", "6", "*", "*", "MON-FRI")


def test_names_in_cron_have_the_three_letters_that_every_platform_knows() -> None:
    assert cron_in("cron(0 6 * march monday,wed)") == Cron("0", "6", "*", "MAR", "MON,WED")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("cron(5/10 6 * * *)", r"some platforms take for that number alone; say 5-59/10\."),
        ("cron(0 6 * * MON/2)", r"some platforms take for that number alone; say MON-6/2\."),
        ("cron(*/60 6 * * *)", r"its minute '\*/60' has steps that no second one fits into\."),
    ],
)
def test_steps_that_platforms_understand_differently_are_refused(wrong: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        cron_in(wrong)


@pytest.mark.parametrize("own", ["rate(1 hour)", "cron(0 6 * * ? *)", "0 0 6 * * *", "0 6 * * *"])
def test_schedule_that_is_not_cron_is_a_platforms_own(own: str) -> None:
    assert cron_in(own) is None


@pytest.mark.parametrize("wrong", ["cron(99 6 * * *)", "cron(0 6 * * NOON)", "cron(0 6 x * *)"])
def test_schedule_with_a_field_that_cron_does_not_know_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(wrong)):
        cron_in(wrong)


def test_schedule_that_a_platform_does_not_know_is_refused() -> None:
    provider = Provider(config=GcpConfig(project="lakes", region="europe-west1"))
    function = provider.serverless("other", other)

    with pytest.raises(ConfigError, match=r"'every day' is none of CloudFunctionConfig: "):
        function.schedule("every day")


def test_schedule_leaves_a_config_of_the_class_that_it_is() -> None:
    class TeamConfig(CloudFunctionConfig):
        team: str = "data"

    provider = Provider(config=GcpConfig(project="lakes", region="europe-west1"))
    function = provider.serverless("other", other, config=TeamConfig(team="ops"))

    function.schedule("cron(0 6 * * *)")

    assert function.config == TeamConfig(team="ops", schedule="0 6 * * *")


def test_schedule_of_both_kinds_of_days_is_refused() -> None:
    with pytest.raises(ConfigError, match="sets both the day of the month and the weekday"):
        cron_in("cron(0 6 1 * MON)")
