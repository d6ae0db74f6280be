"""What the page about a run says."""

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from glacier import Provider, pipeline, task
from glacier.errors import PathError, RunError
from glacier.report.graph import MOST_NODES
from glacier.report.page import MOST_PROBLEMS, MOST_QUERIES, MOST_TASKS, html_of
from tests.report.reading import Element, page_of, table
from tests.report.runs import failed_run, load, sales_run, save


@task
def trivial(value: object = None) -> None:
    pass


def headings(page: Element) -> list[str]:
    return [one.text for one in page.all() if one.tag in {"h1", "h2"}]


def test_report_returns_the_file_that_it_has_written(provider: Provider, tmp_path: Path) -> None:
    run = sales_run(provider)

    path = run.report(str(tmp_path / "reports" / "run.html"))

    assert path == tmp_path / "reports" / "run.html"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [one.name for one in path.parent.iterdir()] == ["run.html"]


def test_report_replaces_an_older_one(provider: Provider, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    path.write_text("old")

    sales_run(provider).report(path)

    assert "daily_sales" in path.read_text(encoding="utf-8")


def test_report_to_a_place_that_cannot_be_written_is_an_error(
    provider: Provider, tmp_path: Path
) -> None:
    run = sales_run(provider)
    (tmp_path / "file").write_text("")

    with pytest.raises(PathError, match=r"The report can't be written to '.*file/run\.html'"):
        run.report(tmp_path / "file" / "run.html")


def test_page_begins_with_what_became_of_the_run(provider: Provider) -> None:
    run = sales_run(provider)

    page = page_of(run)

    (header,) = page.all("header")
    facts = [one.text for one in next(header.all("dl")).all("div")]
    assert headings(page) == [
        *("daily_sales", "Graph", "Timeline", "Tasks", "Data", "Settles and plans")
    ]
    assert "✓ Succeeded" in header.text
    assert facts[0] == "Tasks 6"
    assert facts[1].startswith("Time in writes ")
    assert facts[2:] == ["Settles 1", "Jobs 0"]


def test_graph_has_a_node_for_each_task_and_a_line_for_what_it_needs(provider: Provider) -> None:
    page = page_of(sales_run(provider))

    (drawing,) = page.all("svg", role="img")
    lines = [
        (one.attributes["data-from"], one.attributes["data-to"]) for one in drawing.all("path")
    ]
    assert [next(one.all("title")).text for one in drawing.all("g", class_="node")] == [
        f"{name}: succeeded" for name in ("load", "double", "save", "save#2", "count", "notify")
    ]
    assert sorted(lines) == [("0", "1"), ("1", "2"), ("1", "3"), ("2", "5"), ("3", "5")]
    assert [one.attributes["class"] for one in drawing.all("path")].count("order") == 2


def test_graph_tells_where_its_text_is(provider: Provider) -> None:
    (drawing,) = page_of(sales_run(provider)).all("svg", role="img")

    assert next(drawing.all("title")).text.endswith("6 tasks, as in the table of tasks")


def test_table_of_tasks_says_what_became_of_each_and_what_it_needed(provider: Provider) -> None:
    rows = table(page_of(failed_run(provider)), "What became of every call").rows()

    assert [row[:3] for row in rows] == [
        ["load", "✓ Succeeded", "nothing"],
        ["save", "✓ Succeeded", "load"],
        ["failing", "✓ Succeeded", "load"],
        ["save#2", "✕ Failed", "failing"],
        ["notify", "» Skipped", "save (order only), save#2 (order only)"],
    ]


def test_timeline_has_a_bar_for_each_body_and_settle(provider: Provider) -> None:
    rows = table(page_of(sales_run(provider)), "What the run did").rows()

    assert sorted((row[0], row[1]) for row in rows if row[1] != "settle") == [
        ("count", "task"),
        ("double", "task"),
        ("load", "task"),
        ("notify", "task"),
        ("save", "task"),
        ("save#2", "task"),
    ]
    (settle,) = (row[0] for row in rows if row[1] == "settle")
    assert set(settle.split(", ")) == {"save", "save#2"}


def test_writes_are_told_with_rows_and_bytes_where_they_are_known(provider: Provider) -> None:
    run = sales_run(provider)

    rows = table(page_of(run), "What tasks have written").rows()

    sizes = {write.task: write.size_bytes for write in run.settles[0].writes}
    found = {row[1]: row for row in rows}
    assert found["save"][2:] == ["overwrite", "✓ Committed", "2", f"{sizes['save']} B", "1"]
    assert found["save#2"][3:5] == ["✓ Committed", "not known"]
    assert found["save#2"][5:] == [f"{sizes['save#2']} B", "1"]
    assert found["save"][0].endswith("/lake/copy.parquet")


def test_write_that_failed_is_told_as_such(provider: Provider) -> None:
    rows = table(page_of(failed_run(provider)), "What tasks have written").rows()

    (failed,) = (row for row in rows if row[1] == "save#2")
    assert failed[3:] == ["✕ Left as it was", "none", "none", "none"]


def test_reads_are_told_with_the_rows_of_what_was_read_as_a_whole(provider: Provider) -> None:
    rows = table(page_of(sales_run(provider)), "What tasks have scanned").rows()

    assert [row[1:] for row in rows] == [
        ["load", "scan", "not known"],
        ["count", "read", "2"],
    ]


def test_settle_shows_its_reason_and_the_plan_of_each_query(provider: Provider) -> None:
    page = page_of(sales_run(provider))

    (article,) = page.all("article")
    (plan,) = article.all("pre")
    assert "2 writes, because of: notify depends on it." in article.text
    assert "SINK_MULTIPLE PLAN 0: SINK (file) CACHE" in plan.text
    assert "Parquet SCAN" in plan.text


def test_failed_run_begins_with_its_errors_and_who_is_to_blame(provider: Provider) -> None:
    page = page_of(failed_run(provider))

    (problem,) = page.all("article", class_="problem")
    assert headings(page)[:2] == ["broken_sales", "Errors"]
    assert next(problem.all("h3")).text == "save#2"
    assert "The frame that fails is made by 'failing'." in problem.text
    assert "Traceback (most recent call last)" in next(problem.all("pre")).text


def test_interrupted_run_tells_what_has_stopped_it(provider: Provider) -> None:
    from glacier.engine import Run
    from glacier.hookspecs import hookimpl
    from glacier.plugins import load_plugins

    seen: list[Run] = []

    class Observer:
        @hookimpl
        def glacier_run_finished(self, run: Run) -> None:
            seen.append(run)

    @task
    def interrupt() -> None:
        raise KeyboardInterrupt

    @pipeline
    def interrupted() -> None:
        interrupt()

    observer = Observer()
    load_plugins().manager.register(observer)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted.run()
    finally:
        load_plugins().manager.unregister(observer)

    (problem,) = page_of(seen[0]).all("article", class_="problem")
    assert next(problem.all("h3")).text == "The run"
    assert next(problem.all("p", class_="what")).text == "KeyboardInterrupt"


def test_job_is_told_with_its_log_and_the_settles_over_there(provider: Provider) -> None:
    far = provider.executor("far")
    target = provider.bucket("lake", "far.parquet")

    @task(executor=far)
    def save_far(frame: pl.LazyFrame) -> None:
        print("printed over there")
        target.write(frame)

    @pipeline
    def distant() -> None:
        save_far(load(provider.bucket("lake", "sales.parquet")))

    with distant.run() as run:
        page = page_of(run)

    (job,) = table(page, "What was submitted").rows()
    (written,) = table(page, "What tasks have written").rows()
    kinds = [row[1] for row in table(page, "What the run did").rows()]
    tasks = table(page, "What became of every call").rows()
    assert job[1:4] == ["far", "save_far", "✓ Succeeded"]
    assert written[1:5] == ["save_far", "overwrite", "✓ Committed", "2"]
    assert kinds == ["task", "job"]
    assert [row[-1] for row in tasks] == ["this process", "far"]
    assert any("printed over there" in one.text for one in page.all("pre"))


def test_run_that_called_nothing_has_a_page() -> None:
    @pipeline
    def nothing() -> None:
        pass

    page = page_of(nothing.run())

    assert "The pipeline has called no task." in page.text
    assert "Nothing was written." in page.text


def test_graph_of_too_many_tasks_is_left_to_the_table() -> None:
    @pipeline
    def wide() -> None:
        for _ in range(MOST_NODES + 1):
            trivial()

    page = page_of(wide.run())

    assert list(page.all("svg", role="img")) == []
    assert "301 calls are too many for a drawing" in page.text
    assert len(table(page, "What became of every call").rows()) == MOST_NODES + 1
    assert "The longest 200 are shown, and 101 left out" in page.text


def test_failed_tasks_are_shown_first_where_some_are_left_out() -> None:
    @task
    def fail() -> None:
        raise ValueError

    @pipeline
    def huge() -> None:
        for _ in range(MOST_TASKS):
            trivial()
        fail()

    with pytest.raises(RunError) as caught:
        huge.run()

    page = page_of(caught.value.run)

    rows = table(page, "What became of every call").rows()
    assert rows[0][:2] == ["fail", "✕ Failed"]
    assert len(rows) == MOST_TASKS
    assert "Left out: 1 task (succeeded)." in page.text


def test_tasks_that_are_left_out_are_told_by_what_became_of_them() -> None:
    @task
    def fail() -> None:
        raise ValueError

    @pipeline
    def huge() -> None:
        failed = fail()
        for _ in range(MOST_TASKS):
            trivial(failed)
        trivial()

    with pytest.raises(RunError) as caught:
        huge.run()

    assert "Left out: 2 tasks (skipped, succeeded)." in page_of(caught.value.run).text


def test_some_of_many_errors_are_told() -> None:
    @task
    def fail() -> None:
        raise ValueError

    @pipeline
    def hopeless() -> None:
        for _ in range(MOST_PROBLEMS + 3):
            fail()

    with pytest.raises(RunError) as caught:
        hopeless.run()

    page = page_of(caught.value.run)

    assert len(list(page.all("article", class_="problem"))) == MOST_PROBLEMS
    assert "Left out: 3 tasks that failed too." in page.text


@pytest.mark.parametrize("path", [".", "/", "a\0b"])
def test_report_to_what_is_no_file_is_an_error(path: str, provider: Provider) -> None:
    run = sales_run(provider)

    with pytest.raises(PathError, match=r"can't be written to .* Name a file in a directory"):
        run.report(path)


def test_text_that_is_no_unicode_is_shown_by_its_escape(tmp_path: Path) -> None:
    @pipeline(name="from \udcff")
    def strange() -> None:
        trivial()

    path = strange.run().report(tmp_path / "run.html")

    assert "from \\udcff" in path.read_text(encoding="utf-8")


def test_longest_queries_are_shown_where_there_are_many(provider: Provider) -> None:
    @task
    def write(number: int) -> None:
        provider.bucket("lake", f"{number}.parquet").write(pl.DataFrame({"a": [number]}))

    @pipeline
    def writing() -> None:
        for number in range(MOST_QUERIES + 1):
            write(number)

    page = page_of(writing.run())

    (article,) = page.all("article")
    assert f"Of {MOST_QUERIES + 1} queries the longest are shown." in article.text
    assert len(list(article.all("details"))) == MOST_QUERIES


def test_every_link_in_the_page_leads_somewhere(provider: Provider) -> None:
    page = page_of(failed_run(provider))

    ids = [one.attributes["id"] for one in page.all() if "id" in one.attributes]
    links = {(one.attributes["href"] or "") for one in page.all("a")}

    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert len(ids) == len(set(ids))


def test_headings_descend_by_one_level_at_a_time(provider: Provider) -> None:
    page = page_of(failed_run(provider))

    levels = [int(one.tag[1]) for one in page.all() if one.tag in {"h1", "h2", "h3"}]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_scopes(provider: Provider) -> None:
    page = page_of(sales_run(provider))

    tables = list(page.all("table"))

    assert len(tables) == 4
    for one in tables:
        assert next(one.all("caption")).text
        assert {cell.attributes.get("scope") for cell in one.all("th")} == {"row", "col"}


def test_frames_of_the_pipelines_own_function_are_in_the_graph(provider: Provider) -> None:
    source, target = provider.bucket("lake", "sales.parquet"), provider.bucket("lake", "x.parquet")

    @pipeline
    def scanning() -> None:
        save(source.scan(), target)

    page = page_of(scanning.run())

    (drawing,) = page.all("svg", role="img")
    titles = [next(one.all("title")).text for one in drawing.all("g", class_="node")]
    assert titles == ["scan: a frame of the pipeline's own function", "save: succeeded"]


def test_what_many_tasks_wait_for_is_gathered_in_a_dot() -> None:
    @task(depends_on=[trivial])
    def last() -> None:
        pass

    @pipeline
    def gathering() -> None:
        for _ in range(6):
            trivial()
        last()

    page = page_of(gathering.run())

    (drawing,) = page.all("svg", role="img")
    assert len(list(drawing.all("g", class_="joint"))) == 1
    assert len(list(drawing.all("path", class_="order"))) == 7


def test_report_keeps_no_data_alive(provider: Provider) -> None:
    """What a run remembers holds no frame; its result does, until it is dropped."""
    run = sales_run(provider)

    html = html_of(run)

    assert html == html_of(run)
    assert run.result is None
