"""The zip of a Lambda function, mostly with wheels that are made on the spot."""

import json
import os
import shutil
import sys
import time
import zipfile
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from glacier.config import LambdaConfig
from glacier.errors import FunctionError
from glacier_aws.function.package import wanted_wheels
from tests.functions.package_cases import Make, PackageCases
from tests.glacier_aws.lambda_functions import changes, deployed, make_function, names_in
from tests.glacier_aws.lambda_wheels import make_wheel
from tests.projects import ECHO, Project
from tests.rigs.aws.server import SECRET_KEY, AwsServer


class TestPackage(PackageCases):
    config = LambdaConfig
    secret = SECRET_KEY
    secret_field = r"AwsConfig\.secret_access_key"

    @pytest.fixture
    def make(self, aws_server: AwsServer) -> Make:
        return partial(make_function, aws_server)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of wheels that is all that the installers know, and an empty cache."""
    directory = tmp_path / "index"
    directory.mkdir()
    (tmp_path / "uv.toml").write_text("no-index = true\n")  # no variable says so to uv
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.setenv("UV_FIND_LINKS", str(directory))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    monkeypatch.setenv("GLACIER_CACHE", str(tmp_path / "cache"))
    return directory


def requirements_of(server: AwsServer, handler: str, **config: Any) -> tuple[str, ...]:
    wanted, _ = wanted_wheels(make_function(server, handler, **config))
    return wanted.requirements


def test_package_has_what_the_module_imports_of_its_project(
    aws_server: AwsServer, project: Project
) -> None:
    helper = project.module("VALUE = 7\n")
    handler = project.module(
        f"def run(payload):\n    from {helper} import VALUE\n    return {{'value': VALUE}}\n"
    )

    function = deployed(aws_server, f"{handler}:run")

    assert f"{helper}.py" in names_in(function.package())
    assert function.invoke({}) == {"value": 7}


def test_package_has_the_handlers_whole_package_with_its_data(
    aws_server: AwsServer, project: Project, tmp_path: Path
) -> None:
    project.module("", "scoring_app.__init__")
    project.module("", "scoring_app.steps.__init__")
    project.module(
        """
        import json
        from pathlib import Path

        def run(payload):
            return json.loads(Path(__file__).with_name("model.json").read_text())
        """,
        "scoring_app.steps.score",
    )
    (tmp_path / "project/scoring_app/steps/model.json").write_text('{"weight": 3}')

    function = deployed(aws_server, "scoring_app.steps.score:run")

    assert function.invoke({}) == {"weight": 3}


def test_package_says_what_it_calls(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    function = make_function(aws_server, f"{module}:run", "score")

    with zipfile.ZipFile(function.package()) as archive:
        manifest = json.loads(archive.read("glacier.json"))

    expected = {"function_name": "score", "handler": f"{module}:run", "runtime": "python3.11"}
    assert manifest == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import packaging.version", (f"packaging=={version('packaging')}",)),
        ("def late():\n    import pandas", (f"pandas=={version('pandas')}",)),
        ("import json, boto3, botocore.config", ()),
    ],
    ids=["module", "in-a-function", "what-lambda-brings"],
)
def test_imports_are_pinned_to_the_versions_of_this_machine(
    aws_server: AwsServer, project: Project, source: str, expected: tuple[str, ...]
) -> None:
    module = project.module(f"{source}\n\n{ECHO}")

    assert requirements_of(aws_server, f"{module}:run") == expected


def test_what_imports_need_in_turn_is_pinned_too(aws_server: AwsServer, project: Project) -> None:
    module = project.module(f"import pandas\n\n{ECHO}")

    wanted, _ = wanted_wheels(make_function(aws_server, f"{module}:run"))

    assert f"numpy=={version('numpy')}" in wanted.constraints


@pytest.mark.parametrize("packages", [["packaging==24.0"], ["boto3", "Packaging>=24"]])
def test_packages_of_the_config_win(
    aws_server: AwsServer, project: Project, packages: list[str]
) -> None:
    module = project.module(f"import boto3, packaging\n\n{ECHO}")

    assert requirements_of(aws_server, f"{module}:run", packages=packages) == tuple(packages)


def test_handler_that_uses_glacier_brings_it_and_its_plugin(
    aws_server: AwsServer, project: Project
) -> None:
    module = project.module(f"from glacier import Provider\n\n{ECHO}")

    wanted, code = wanted_wheels(make_function(aws_server, f"{module}:run"))

    names = {line.partition("==")[0] for line in wanted.requirements}
    assert {"polars", "pydantic", "pluggy", "boto3", "botocore", "s3fs"} <= names
    assert not {"pyspark", "azure-identity", "databricks-sdk", "google-auth"} & names
    assert {"glacier/__init__.py", "glacier_aws/hooks.py", f"{module}.py"} <= set(code.files)
    assert any(path.endswith("entry_points.txt") for path in code.files)


def test_package_brings_wheels_and_what_they_need(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    make_wheel(index, "colours", {"colours.py": "from shades import DARK\n"}, requires=("shades",))
    make_wheel(index, "shades", {"shades/__init__.py": "DARK = 'dark'\n"})
    module = project.module(
        """
        from importlib import import_module

        def run(payload):
            return {"shade": import_module("colours").DARK}
        """
    )

    function = deployed(aws_server, f"{module}:run", packages=["colours"])

    assert function.invoke({}) == {"shade": "dark"}


def test_package_keeps_metadata_and_drops_what_does_not_run(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    wheel = {
        "colours/__init__.py": "",
        "colours/tests/__init__.py": "",
        "colours/tests/needed.py": "",
        "colours/tests/test_colours.py": "",
        "colours/tests/deep/conftest.py": "",
    }
    points = "[colours.kinds]\nred = colours\n\n[console_scripts]\npaint = colours:main\n"
    make_wheel(index, "colours", wheel, entry_points=points)

    package = make_function(aws_server, f"{project.module()}:run", packages=["colours"]).package()

    names = {name for name in names_in(package) if name.startswith(("colours", "bin"))}
    assert names == {
        "colours/__init__.py",
        "colours/tests/__init__.py",
        "colours/tests/needed.py",
        "colours-1.0.dist-info/METADATA",
        "colours-1.0.dist-info/WHEEL",
        "colours-1.0.dist-info/entry_points.txt",
    }


def test_package_is_readable_for_all_and_has_one_time(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    make_wheel(index, "colours", {"colours.py": ""})
    mask = os.umask(0o077)
    try:
        package = make_function(
            aws_server, f"{project.module()}:run", packages=["colours"]
        ).package()
    finally:
        os.umask(mask)

    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
    assert {entry.external_attr >> 16 & 0o777 for entry in entries} == {0o644}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_package_of_the_same_has_the_same_bytes(
    aws_server: AwsServer, project: Project, index: Path, tmp_path: Path
) -> None:
    make_wheel(index, "colours", {"colours.py": "", "a.py": ""})
    function = make_function(aws_server, f"{project.module()}:run", packages=["colours"])
    first = function.package()
    shutil.rmtree(tmp_path / "cache")
    for file in (tmp_path / "project").rglob("*.py"):
        os.utime(file, (0, 0))

    second = function.package()

    assert first != second
    assert first.read_bytes() == second.read_bytes()


def test_wheels_are_kept_for_the_next_package(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    wheel = make_wheel(index, "colours", {"colours.py": ""})
    make_function(aws_server, f"{project.module()}:run", packages=["colours"]).package()
    wheel.unlink()

    package = make_function(aws_server, f"{project.module()}:run", packages=["colours"]).package()

    assert "colours.py" in names_in(package)


def test_wheels_that_were_not_used_for_long_go(
    aws_server: AwsServer, project: Project, index: Path, tmp_path: Path
) -> None:
    make_wheel(index, "colours", {"colours.py": ""})
    kept = tmp_path / "cache/wheels"
    kept.mkdir(parents=True)
    for name, days in (("old", 31), ("young", 29)):
        (kept / f"{name}.zip").touch()
        then = (kept / f"{name}.zip").stat().st_mtime - days * 24 * 3600
        os.utime(kept / f"{name}.zip", (then, then))

    make_function(aws_server, f"{project.module()}:run", packages=["colours"]).package()

    assert {path.name for path in kept.iterdir()} & {"old.zip", "young.zip"} == {"young.zip"}
    assert len(list(kept.iterdir())) == 2


def test_installations_that_were_killed_go_after_a_day(
    aws_server: AwsServer, project: Project, index: Path, tmp_path: Path
) -> None:
    make_wheel(index, "colours", {"colours.py": ""})
    kept = tmp_path / "cache/wheels"
    for name, hours in (("new-killed", 25), ("new-running", 23)):
        (kept / name / "installed").mkdir(parents=True)
        then = time.time() - hours * 3600
        os.utime(kept / name, (then, then))

    make_function(aws_server, f"{project.module()}:run", packages=["colours"]).package()

    assert [path.name for path in kept.iterdir() if path.is_dir()] == ["new-running"]


@pytest.mark.parametrize("installer", ["pip", "uv"])
@pytest.mark.parametrize(
    ("runtime", "architecture", "expected"),
    [
        ("python3.11", "x86_64", "manylinux2014_x86_64"),
        ("python3.11", "arm64", "manylinux2014_aarch64"),
        ("python3.13", "x86_64", "manylinux_2_28_x86_64"),
    ],
)
def test_wheels_are_those_of_the_platform(
    aws_server: AwsServer,
    project: Project,
    index: Path,
    monkeypatch: pytest.MonkeyPatch,
    installer: str,
    runtime: str,
    architecture: str,
    expected: str,
) -> None:
    if installer == "uv":
        monkeypatch.setitem(sys.modules, "pip", None)  # as if it were not installed
    else:
        monkeypatch.setattr(shutil, "which", lambda *_, **__: None)  # as if uv were not
    platforms = ["manylinux2014_x86_64", "manylinux2014_aarch64", "manylinux_2_28_x86_64"]
    for platform in (*platforms, "win_amd64", "manylinux_2_39_x86_64"):
        tag = f"cp311-abi3-{platform}"
        make_wheel(index, "colours", {"colours.py": f"# {platform}"}, tag=tag)

    package = make_function(
        aws_server,
        f"{project.module()}:run",
        runtime=runtime,
        packages=["colours"],
        architecture=architecture,
    ).package()

    with zipfile.ZipFile(package) as archive:
        assert archive.read("colours.py").decode() == f"# {expected}"


def test_what_only_the_functions_own_python_needs_is_brought_along(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    conditions = ('shades; python_version >= "3.13"', 'older; python_version < "3.13"')
    make_wheel(index, "colours", {"colours.py": ""}, requires=conditions)
    make_wheel(index, "shades", {"shades.py": ""})
    make_wheel(index, "older", {"older.py": ""})

    package = make_function(
        aws_server, f"{project.module()}:run", runtime="python3.13", packages=["colours"]
    ).package()

    wheels = {"colours.py", "shades.py", "older.py", ".lock"}
    assert wheels.intersection(names_in(package)) == {"colours.py", "shades.py"}


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_wheel_that_is_not_there_is_named(
    aws_server: AwsServer,
    project: Project,
    index: Path,
    monkeypatch: pytest.MonkeyPatch,
    installer: str,
) -> None:
    if installer == "uv":
        monkeypatch.setitem(sys.modules, "pip", None)  # as if it were not installed
    make_wheel(index, "colours", {"colours.py": ""}, requires=("no-such-shades==2.0",))
    function = make_function(
        aws_server, f"{project.module()}:run", "score", packages=["colours==1.0"]
    )

    with pytest.raises(
        FunctionError,
        match=r"'score' requires colours==1\.0, and no wheel of no-such-shades\S* was found for "
        r"Python 3\.11 on x86_64\. Name a version",
    ):
        function.package()


def test_wheels_that_contradict_each_other_are_an_error(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    make_wheel(index, "colours", {"colours.py": ""}, requires=("shades==2.0",))
    for number in ("1.0", "2.0"):
        make_wheel(index, "shades", {"shades.py": ""}, version=number)
    function = make_function(
        aws_server, f"{project.module()}:run", packages=["colours", "shades==1.0"]
    )

    with pytest.raises(FunctionError, match=r"(?s)no set of wheels .*Change .*shades==1\.0"):
        function.package()


def test_package_without_an_installer_says_how_to_get_one(
    aws_server: AwsServer, project: Project, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)  # as if it were not installed
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    function = make_function(aws_server, f"{project.module()}:run", packages=["colours"])

    with pytest.raises(FunctionError, match=r"has neither\. Run: python -m ensurepip"):
        function.package()


def test_package_over_the_limit_names_its_largest_parts(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    make_wheel(index, "large", {"large/data.bin": bytes(200_000_000)})
    make_wheel(index, "larger", {"larger/data.bin": bytes(250_000_000)})
    function = make_function(
        aws_server, f"{project.module()}:run", "heavy", packages=["large", "larger"]
    )
    aws_server.requests(forget=True)

    with pytest.raises(
        FunctionError,
        match=r"'heavy' has 450,\d+,\d+ bytes unpacked, and Lambda takes 262,144,000 \(250 MiB\)\. "
        r"The largest parts: larger 250,000,000, large 200,000,000, ",
    ):
        function.deploy()

    assert changes(aws_server) == []


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        ("python3.10", r"Lambda takes it no more .* need Python 3\.11\. Use runtime='python3\.11'"),
        ("python2.7", "handlers are Python functions"),
        ("nodejs22.x", "handlers are Python functions"),
    ],
)
def test_runtime_that_can_not_run_it_is_refused(
    aws_server: AwsServer, project: Project, runtime: str, message: str
) -> None:
    function = make_function(aws_server, f"{project.module()}:run", runtime=runtime)
    aws_server.requests(forget=True)

    with pytest.raises(FunctionError, match=message):
        function.deploy()

    assert aws_server.requests() == []


def test_module_in_the_place_of_a_wheels_is_refused(
    aws_server: AwsServer, project: Project, index: Path
) -> None:
    module = project.module()
    make_wheel(index, "colours", {f"{module}.py": ""})
    function = make_function(aws_server, f"{module}:run", packages=["colours"])

    with pytest.raises(FunctionError, match=rf"has one too: {module}\.py\. Rename"):
        function.package()


def test_failed_package_leaves_nothing_behind(
    aws_server: AwsServer,
    project: Project,
    index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    module = project.module()
    make_wheel(index, "colours", {f"{module}.py": ""})
    function = make_function(aws_server, f"{module}:run", packages=["colours"])

    with pytest.raises(FunctionError, match="Rename"):
        function.package()

    assert list((tmp_path / "temporary").iterdir()) == []
