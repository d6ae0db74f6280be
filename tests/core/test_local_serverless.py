"""Functions on this machine."""

import datetime as dt
import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Provider, Serverless
from glacier.config import LocalConfig
from glacier.errors import FunctionError, PayloadError
from tests.core.distributions import run_python


def echo(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


def nested() -> Callable[[dict[str, Any]], Any]:
    def handler(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    return handler


class Callback:
    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        return payload


def main_function() -> Callable[[dict[str, Any]], Any]:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec("def handler(payload): return payload", scope)
    return scope["handler"]  # type: ignore[no-any-return]


def make(tmp_path: Path, handler: Callable[[dict[str, Any]], Any] | str) -> Serverless:
    return Provider(LocalConfig(base_path=tmp_path)).serverless("score", handler)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a module, a package and a namespace package, importable in this test."""
    files = {
        "single_file.py": "def run(payload):\n    return {'from': 'single_file'}\n",
        "whole_package/__init__.py": "",
        "whole_package/steps/__init__.py": "",
        "whole_package/steps/score.py": "def run(payload):\n    return {'from': 'score'}\n",
        "whole_package/model.json": "{}",
        "shared_space/mine/__init__.py": "def run(payload):\n    return {}\n",
        "shared_space/other/__init__.py": "",
    }
    for name, source in files.items():
        file = tmp_path / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    monkeypatch.syspath_prepend(tmp_path / "project")
    for name in list(sys.modules):
        if name.startswith(("single_file", "whole_package", "shared_space")):
            monkeypatch.delitem(sys.modules, name)
    return tmp_path / "project"


def names_in(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def test_invoke_returns_the_handlers_answer(tmp_path: Path) -> None:
    function = make(tmp_path, lambda payload: {"sum": payload["a"] + payload["b"]})

    answer = function.invoke({"a": 1, "b": 2.5})

    assert answer == {"sum": 3.5}


def test_invoke_gives_the_handler_a_copy_that_went_through_json(tmp_path: Path) -> None:
    payload = {"rows": [(1, 2)], "name": "é\N{SNOWMAN}", "none": None}

    answer = make(tmp_path, echo).invoke(payload)

    assert answer == {"rows": [[1, 2]], "name": "é\N{SNOWMAN}", "none": None}
    assert payload["rows"] == [(1, 2)]


def test_invoke_turns_no_answer_into_an_empty_object(tmp_path: Path) -> None:
    answer = make(tmp_path, lambda payload: None).invoke({})

    assert answer == {}


def test_invoke_imports_a_handler_that_is_named(tmp_path: Path, project: Path) -> None:
    answer = make(tmp_path, "whole_package.steps.score:run").invoke({})

    assert answer == {"from": "score"}


def test_invoke_of_a_failing_handler_names_function_and_error(tmp_path: Path) -> None:
    def handler(payload: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("amount")

    with pytest.raises(
        FunctionError, match=re.escape("The function 'score' failed: KeyError: 'amount'.")
    ) as caught:
        make(tmp_path, handler).invoke({})

    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.error_type == "KeyError"  # type: ignore[attr-defined]


def test_error_that_ends_in_a_period_is_told_with_one(tmp_path: Path) -> None:
    def handler(payload: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("There are no rows.")

    with pytest.raises(FunctionError, match=r"ValueError: There are no rows\. The cause of"):
        make(tmp_path, handler).invoke({})


def test_invoke_of_a_handler_that_exits_does_not_end_the_caller(tmp_path: Path) -> None:
    with pytest.raises(FunctionError, match="The function 'score' failed: SystemExit: 3"):
        make(tmp_path, lambda payload: sys.exit(3)).invoke({})


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"day": dt.date(2024, 1, 1)}, "['day'] is a datetime.date."),
        ({"rows": [0, {"df": pl.DataFrame()}]}, "['rows'][1]['df'] is a polars.dataframe"),
        ({"raw": b"x"}, "['raw'] is a bytes."),
        ({"names": {"a"}}, "['names'] is a set."),
        ({1: "one"}, "[1] is under a key of type int."),
        ({"deep": [{None: 1}]}, "['deep'][0][None] is under a key of type NoneType."),
        ({"rate": float("nan")}, "['rate'] is nan, which is no JSON number."),
        ({"rate": [float("inf")]}, "['rate'][0] is inf, which is no JSON number."),
        ({"big": 10**5000}, "can't become JSON: Exceeds the limit"),
    ],
)
def test_invoke_refuses_a_payload_that_is_not_json(
    tmp_path: Path, payload: Any, message: str
) -> None:
    with pytest.raises(PayloadError, match="^The payload of 'score' .*" + re.escape(message)):
        make(tmp_path, echo).invoke(payload)


def test_invoke_refuses_a_payload_that_holds_itself(tmp_path: Path) -> None:
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(PayloadError, match=r"\['loop'\]\[0\] is a container that holds itself"):
        make(tmp_path, echo).invoke({"loop": loop})


def test_invoke_refuses_a_payload_that_is_nested_too_deeply(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(PayloadError, match="The payload of 'score' can't become JSON"):
        make(tmp_path, echo).invoke({"deep": deep})


def test_invoke_takes_one_object_in_two_places(tmp_path: Path) -> None:
    shared = {"a": 1}

    answer = make(tmp_path, echo).invoke({"x": shared, "y": [shared, shared]})

    assert answer == {"x": {"a": 1}, "y": [{"a": 1}, {"a": 1}]}


def test_invoke_refuses_a_payload_that_is_no_object(tmp_path: Path) -> None:
    with pytest.raises(
        PayloadError,
        match=r"Expected the payload of 'score' to be a JSON object \(a dict\), got list\. Wrap it",
    ):
        make(tmp_path, echo).invoke([1])  # type: ignore[arg-type]


def test_invoke_does_not_call_the_handler_with_a_bad_payload(tmp_path: Path) -> None:
    calls: list[object] = []

    with pytest.raises(PayloadError):
        make(tmp_path, calls.append).invoke({"raw": b"x"})

    assert calls == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([1], r"Expected the answer of 'score' to be a JSON object \(a dict\), got list\."),
        ("done", r"Expected the answer of 'score' to be a JSON object \(a dict\), got str\."),
        (
            {"at": dt.date(2024, 1, 1)},
            r"The answer of 'score' holds .*\['at'\] is a datetime\.date",
        ),
    ],
)
def test_invoke_refuses_an_answer_that_is_not_a_json_object(
    tmp_path: Path, answer: Any, message: str
) -> None:
    with pytest.raises(PayloadError, match=message):
        make(tmp_path, lambda payload: answer).invoke({})


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("handlers.score", r"is not of the form 'module:function', such as 'my_project"),
        ("no_such_module:run", r"can't be imported: ModuleNotFoundError: .*Install the module or"),
        ("single_file:walk", r"does not exist: module 'single_file' .* has no 'walk'\. Correct"),
        ("single_file:__name__", r"is a str and can't be called\. Pass a function"),
    ],
)
def test_deploy_refuses_a_handler_that_is_not_there(
    tmp_path: Path, project: Path, handler: str, message: str
) -> None:
    function = make(tmp_path, handler)

    with pytest.raises(FunctionError, match=message):
        function.deploy()


@pytest.mark.parametrize("handler", [echo, "single_file:run"])
def test_deploy_accepts_a_handler_that_is_there(
    tmp_path: Path, project: Path, handler: Callable[[dict[str, Any]], Any] | str
) -> None:
    function = make(tmp_path, handler)

    function.deploy()

    assert list(tmp_path.iterdir()) == [project]


def test_package_of_a_module_holds_it_and_a_manifest(tmp_path: Path, project: Path) -> None:
    archive = make(tmp_path, "single_file:run").package()

    assert names_in(archive) == ["glacier.json", "single_file.py"]
    with zipfile.ZipFile(archive) as opened:
        assert json.loads(opened.read("glacier.json")) == {
            "function_name": "score",
            "handler": "single_file:run",
            "runtime": "python3.11",
        }


def test_package_of_a_function_names_it(tmp_path: Path, project: Path) -> None:
    from single_file import run  # type: ignore[import-not-found]

    archive = make(tmp_path, run).package()

    with zipfile.ZipFile(archive) as opened:
        assert json.loads(opened.read("glacier.json"))["handler"] == "single_file:run"


@pytest.mark.parametrize(
    ("handler", "names"),
    [
        (
            "whole_package.steps.score:run",
            [
                "glacier.json",
                "whole_package/__init__.py",
                "whole_package/steps/__init__.py",
                "whole_package/steps/score.py",
            ],
        ),
        ("shared_space.mine:run", ["glacier.json", "shared_space/mine/__init__.py"]),
    ],
)
def test_package_of_a_package_holds_its_sources(
    tmp_path: Path, project: Path, handler: str, names: list[str]
) -> None:
    archive = make(tmp_path, handler).package()

    assert names_in(archive) == names


def test_package_can_be_imported_from(tmp_path: Path, project: Path) -> None:
    archive = make(tmp_path, "whole_package.steps.score:run").package()

    ran = run_python("from whole_package.steps.score import run; print(run({}))", archive)

    assert (ran.stdout, ran.stderr) == ("{'from': 'score'}\n", "")


def test_package_of_the_same_sources_has_the_same_bytes(tmp_path: Path, project: Path) -> None:
    first = make(tmp_path, "whole_package.steps.score:run").package()
    for file in project.rglob("*.py"):
        file.touch()

    second = make(tmp_path, "whole_package.steps.score:run").package()

    assert first != second
    assert first.read_bytes() == second.read_bytes()


def test_package_of_a_deployment_goes_with_it(tmp_path: Path, project: Path) -> None:
    packages: list[Path] = []

    def fail_with(package: Path) -> None:
        packages.append(package)
        package.read_bytes()
        raise ConnectionError

    with (
        pytest.raises(ConnectionError),
        make(tmp_path, "single_file:run").adapter.packaged() as package,
    ):
        fail_with(package)

    assert [path.parent.exists() for path in packages] == [False]


@pytest.mark.parametrize(
    ("make_handler", "reason"),
    [
        (lambda: lambda payload: payload, "it is a lambda"),
        (nested, "it is defined inside another function"),
        (Callback, "it is a Callback object without a name of its own"),
        (main_function, "it is defined in the main script or in a notebook"),
    ],
)
def test_package_refuses_a_handler_without_a_module(
    tmp_path: Path, make_handler: Callable[[], Callable[[dict[str, Any]], Any]], reason: str
) -> None:
    function = make(tmp_path, make_handler())

    with pytest.raises(
        FunctionError,
        match=rf"of 'score' can't be packaged: {reason}\. Put it into a module as a top-level",
    ):
        function.package()


def test_package_refuses_a_module_without_source(tmp_path: Path) -> None:
    function = make(tmp_path, "math:sqrt")

    with pytest.raises(FunctionError, match="module 'math', which has no Python source file"):
        function.package()
