"""What a serverless function's handler needs beside its platform's Python."""

from importlib.metadata import requires, version
from pathlib import Path
from uuid import uuid4

import pytest

from glacier import Provider, Serverless
from glacier.config import LocalConfig
from glacier.errors import FunctionError
from glacier.jobs.handler_code import handler_code


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def make(project: Path, source: str) -> Serverless:
    name = f"handlers_{uuid4().hex[:8]}"
    (project / f"{name}.py").write_text(f"{source}\n\ndef run(payload):\n    return {{}}\n")
    return Provider(LocalConfig(base_path=project)).serverless("score", f"{name}:run")


def names(pins: tuple[str, ...]) -> set[str]:
    return {pin.partition("==")[0] for pin in pins}


def test_handler_of_the_standard_library_needs_nothing(project: Path) -> None:
    function = make(project, "import json")

    code = handler_code(function)

    assert code.path == function.handler
    assert list(code.files) == [f"{code.path.partition(':')[0]}.py"]
    assert (code.imported, code.glacier) == ((), ())


def test_handler_pins_what_it_imports(project: Path) -> None:
    code = handler_code(make(project, "import packaging"))

    assert code.imported == (f"packaging=={version('packaging')}",)
    assert code.glacier == ()


def test_handler_that_imports_glacier_brings_it(project: Path) -> None:
    code = handler_code(make(project, "import glacier"))

    assert "glacier/provider.py" in code.files
    assert {"polars", "pydantic", "pluggy"} <= names(code.glacier)
    assert "boto3" not in names(code.glacier)


@pytest.mark.parametrize(
    "source",
    ["from glacier.config import S3Config", "import glacier_aws.config"],
    ids=["config", "module"],
)
def test_handler_brings_what_the_plugins_need_that_it_names(project: Path, source: str) -> None:
    assert any(line.startswith("boto3") for line in requires("glacier-aws") or ())

    code = handler_code(make(project, source))

    assert {"boto3", "s3fs"} <= names(code.glacier)


def test_handler_without_a_name_is_refused(project: Path) -> None:
    function = Provider(LocalConfig(base_path=project)).serverless("score", lambda payload: payload)

    with pytest.raises(FunctionError, match="'score' can't be packaged: it is a lambda"):
        handler_code(function)
