"""What follows `glacier run`: the pipeline's name, and its parameters."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.core.cli_project import invoke, project_in


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_in(tmp_path, monkeypatch) as directory:
        yield directory


@pytest.mark.parametrize("target", ["flows.py:daily", "./flows.py:daily", "flows:daily"])
def test_target_may_be_a_file_or_a_module(target: str) -> None:
    result = invoke("graph", target, "-p", "base_path=data")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("flowchart TD\n")


def test_target_may_be_a_file_in_a_package(project: Path) -> None:
    package = project / "sales"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tasks.py").write_text("from glacier import task\n@task\ndef one(): pass\n")
    (package / "jobs.py").write_text(
        "from glacier import pipeline\nfrom sales.tasks import one\n@pipeline\ndef job(): one()\n"
    )

    result = invoke("graph", "sales/jobs.py:job")

    assert result.exit_code == 0, result.stderr
    assert '"one"' in result.stdout


def test_target_needs_no_name_where_one_pipeline_is_defined(project: Path) -> None:
    (project / "single.py").write_text(
        "from flows import daily\nfrom glacier import pipeline\n@pipeline\ndef only(): pass\n"
    )

    result = invoke("run", "single.py")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("SUCCEEDED  only  no tasks in ")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "flows.py",
            (
                "'flows.py' holds 4 pipelines: daily, typed, rest, circular. Name one of them, "
                "such as flows.py:daily."
            ),
        ),
        (
            "flows.py:dayly",
            (
                "'flows.py' has no 'dayly'. Expected a pipeline; it holds: daily, typed, rest, "
                "circular."
            ),
        ),
        (
            "flows:not_a_pipeline",
            (
                "'flows' has 'not_a_pipeline', an object of type int. Expected a pipeline; it "
                "holds: daily, typed, rest, circular."
            ),
        ),
        ("textwrap", "'textwrap' holds no pipeline. Decorate a function with @pipeline."),
        (
            "flows:",
            (
                "'flows:' names no pipeline; expected FILE_OR_MODULE:PIPELINE, such as "
                "flows/sales.py:daily or sales.flows:daily."
            ),
        ),
        (
            "no.such:daily",
            (
                "There is no module 'no' here or among the installed packages. Check the name; a "
                "file needs its suffix, such as flows/sales.py."
            ),
        ),
    ],
)
def test_wrong_target_is_told_on_one_line(target: str, message: str) -> None:
    result = invoke("run", target)

    assert (result.exit_code, result.stderr) == (2, f"Error: {message}\n")


def test_missing_file_is_told_with_the_directory(project: Path) -> None:
    result = invoke("run", "none.py:daily")

    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: There is no file 'none.py'. Check the path; it starts at {project}.\n"
    )


def test_file_that_fails_to_import_is_told_with_the_line(project: Path) -> None:
    (project / "wrong.py").write_text("x = 1\nx / 0\n")

    result = invoke("run", "wrong.py:daily")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: 'wrong.py' can't be imported: ZeroDivisionError: division by zero "
        "(wrong.py, line 2).\n"
    )


def test_config_that_is_refused_is_told_by_its_fields(project: Path) -> None:
    (project / "wrong.py").write_text(
        "from glacier.config import LocalConfig\nLocalConfig(max_concurrent_jobs=0)\n"
    )

    result = invoke("run", "wrong.py:daily")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: 'wrong.py' can't be imported: ValidationError: LocalConfig.max_concurrent_jobs: "
        "Input should be greater than or equal to 1 (wrong.py, line 2).\n"
    )


@pytest.mark.parametrize("target", ["broken.py", "broken", "importing.py:daily"])
def test_syntax_error_is_told_with_its_own_file_and_line(project: Path, target: str) -> None:
    (project / "broken.py").write_text("x = 1\ndef daily(:\n")
    (project / "importing.py").write_text("import broken\n")

    result = invoke("run", target)

    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {target.partition(':')[0]!r} can't be imported: SyntaxError: invalid syntax "
        "(broken.py, line 2).\n"
    )


def test_traceback_of_a_failed_import_tells_the_error_once(project: Path) -> None:
    (project / "wrong.py").write_text("x = 1\nx / 0\n")

    result = invoke("run", "wrong.py:daily", "--traceback")

    assert result.exit_code == 2
    assert result.stderr.count("'wrong.py' can't be imported") == 1
    assert result.stderr.startswith("Traceback (most recent call last)")


def test_module_that_misses_another_is_not_called_missing(project: Path) -> None:
    (project / "needy.py").write_text("import no_such_thing\n")

    result = invoke("run", "needy:daily")

    assert result.exit_code == 2
    assert (
        "'needy' can't be imported: ModuleNotFoundError: No module named 'no_such" in result.stderr
    )


def test_file_named_as_a_loaded_module_is_refused(project: Path) -> None:
    (project / "polars.py").touch()

    result = invoke("run", "polars.py:daily")

    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: 'polars.py' can't be imported as 'polars': that module is {pl.__file__}. "
        "Rename the file.\n"
    )


@pytest.mark.parametrize(
    ("assignments", "value"),
    [
        (["number=5"], "5"),
        (["share=1e-3"], "0.001"),
        (["is_new=true"], "True"),
        (["text=5"], "'5'"),
        (["text=a=b"], "'a=b'"),
        (["day=2013-02-09"], "datetime.date(2013, 2, 9)"),
        (["path=/some/where"], "PosixPath('/some/where')"),
        (["tags=a"], "['a']"),
        (["tags=a", "tags=b"], "['a', 'b']"),
        (['tags=["a", "b"]'], "['a', 'b']"),
        (["limit=7"], "7"),
        (["mode=safe"], "'safe'|1"),
        (["level=2"], "2"),
        (["colour=red"], "<Colour.RED: 'red'>"),
        (["late=3"], "3"),
        (["any=thing"], "'thing'"),
    ],
)
def test_parameter_has_the_annotated_type(assignments: list[str], value: str) -> None:
    options = [part for one in assignments for part in ("-p", one)]

    result = invoke("run", "flows.py:typed", *options)

    assert result.exit_code == 0, result.stderr
    assert value in result.stdout.splitlines()[0]


def test_parameter_may_be_null() -> None:
    result = invoke("run", "flows.py:typed", "-p", "limit=null", "-p", "number=4")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "4|'fast'|1"


def test_parameters_go_into_keyword_arguments_too() -> None:
    result = invoke("run", "flows.py:rest", "-p", "a=1", "-p", "b=2")

    assert result.stdout.splitlines()[0] == "{'a': 1, 'b': 2}"


@pytest.mark.parametrize(
    ("target", "assignments", "message"),
    [
        (
            "typed",
            ["number=five"],
            (
                "Parameter 'number' of pipeline 'typed' can't be 'five': Input should be a valid "
                "integer, unable to parse string as an integer. It is "
                "declared as 'number: int = 0'."
            ),
        ),
        (
            "typed",
            ["mode=slow"],
            (
                "Parameter 'mode' of pipeline 'typed' can't be 'slow': Input should be 'fast' or "
                "'safe'. It is declared as \"mode: Literal['fast', 'safe'] = 'fast'\"."
            ),
        ),
        (
            "typed",
            ["number=1", "number=2"],
            (
                "Parameter 'number' of pipeline 'typed' can't be '1' and '2': Input should be a "
                "valid integer. It is declared as 'number: int = 0'."
            ),
        ),
        (
            "typed",
            ["source=local"],
            (
                "Parameter 'source' of pipeline 'typed', declared as 'source: "
                "glacier.provider.Provider = None', can't be made from text. Leave it at its "
                "default, or run the pipeline from Python."
            ),
        ),
        (
            "typed",
            ["price=1.5"],
            (
                "Parameter 'price' of pipeline 'typed', declared as \"price: 'Decimal | None' = "
                "None\", can't be made from text. Leave it at its default, or run the pipeline "
                "from Python."
            ),
        ),
        (
            "daily",
            ["base_path=data", "colum=a"],
            (
                "Pipeline 'daily' has no parameter 'colum'; it takes base_path: pathlib.Path, "
                "column: str = 'a'."
            ),
        ),
        (
            "daily",
            [],
            "Pipeline 'daily' also needs base_path: pathlib.Path. Add -p base_path=VALUE.",
        ),
        ("daily", ["base_path"], "-p 'base_path' assigns nothing; expected -p name=value."),
    ],
)
def test_wrong_parameter_is_told_on_one_line(
    project: Path, target: str, assignments: list[str], message: str
) -> None:
    options = [part for one in assignments for part in ("-p", one)]

    result = invoke("run", f"flows.py:{target}", *options)

    # Where `Path` is defined differs from one Python to the next.
    told = result.stderr.replace("pathlib._local.Path", "pathlib.Path")
    assert (result.exit_code, told) == (2, f"Error: {message}\n")
    assert not (project / "data").exists()
