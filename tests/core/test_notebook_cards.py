"""What the cards of notebooks leave out, and what nothing in them can break out of."""

from pathlib import Path

import polars as pl
import pytest
from pydantic import Field, SecretStr

from glacier import Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.errors import RunError
from glacier.notebook import card
from tests.report.reading import read_html


class QuietConfig(LocalConfig):
    """A config with a field that its repr leaves out."""

    door: str = Field(default="", repr=False)
    key: SecretStr | None = None


def test_card_shortens_long_texts() -> None:
    html = card("Run of", "x" * 1000, [("failed", "y" * 100_000)], note="z" * 1000)

    assert len(html) < 5000
    assert f"{'y' * 600}... (99,400 more characters)" in html


def test_card_says_how_many_facts_it_leaves_out() -> None:
    html = card("Provider", "x", [(f"tag {number}", "") for number in range(1000)])

    assert "tag 39" in html
    assert "tag 40" not in html
    assert "and 960 more" in html


def test_card_shows_no_part_of_a_secret_in_a_text_that_it_shortens(tmp_path: Path) -> None:
    provider = Provider(QuietConfig(base_path=tmp_path, key=SecretStr("canary-0123456789")))

    html = card("Run of", "x", [("failed", f"{'y' * 590}canary-0123456789{'z' * 100}")])

    assert provider.config is not None  # it lives, so its secret is known
    assert "canary" not in html


def test_card_of_a_run_tells_some_of_many_errors() -> None:
    @task
    def fail() -> None:
        raise ValueError("no way")

    @pipeline
    def hopeless() -> None:
        for _ in range(11):
            fail()

    with pytest.raises(RunError) as caught:
        hopeless.run()

    html = caught.value.run._repr_html_()
    assert html.count("no way") == 8
    assert "and 3 more errors" in html


def test_card_of_a_run_tells_where_its_jobs_ran(tmp_path: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path))

    @task(executor=provider.executor("far-away"))
    def travel() -> int:
        return 1

    @pipeline
    def travelling() -> None:
        travel()

    with travelling.run() as run:
        html = run._repr_html_()

    assert "1 on far-away" in html


def test_card_of_a_bucket_shows_the_first_of_many_columns(tmp_path: Path) -> None:
    schema = {f"column_{number}": pl.Int64 for number in range(2000)}
    bucket = Provider(LocalConfig(base_path=tmp_path)).bucket("lake", "x.parquet", schema=schema)

    html = bucket._repr_html_()

    assert "column_19: Int64, and 1,980 more" in html


def test_card_of_a_provider_leaves_out_what_the_repr_of_its_config_does(tmp_path: Path) -> None:
    provider = Provider(QuietConfig(base_path=tmp_path, door="behind the house"))

    assert "behind the house" not in provider._repr_html_()


def test_cards_take_markup_for_text(tmp_path: Path) -> None:
    markup = "<script>alert(1)</script>\"'&amp;"
    provider = Provider(LocalConfig(base_path=tmp_path), tags={markup: markup})
    column = {markup: pl.String}

    @pipeline(name=markup)
    def marked(first: int) -> None: ...

    marked.function.__doc__ = markup
    for shown in (
        provider,
        provider.bucket("lake", "<script>alert(1)<.parquet", schema=column),
        marked,
        marked.run(first=1),
    ):
        html = shown._repr_html_()

        read_html(html)
        assert "<script" not in html


def test_graph_stays_within_its_fence() -> None:
    def odd() -> None: ...

    odd.__name__ = "x`\n```\n<script>alert(1)</script>"
    called = task(odd)

    @pipeline
    def of_odd_names() -> None:
        called()

    lines = of_odd_names.graph()._repr_mimebundle_()["text/markdown"].splitlines()

    assert lines[0] == "```mermaid"
    assert lines[-1] == "```"
    assert [line for line in lines[1:-1] if "`" in line or "<" in line] == []
    assert len(lines) == 4
