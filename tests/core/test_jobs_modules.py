"""Which of a project's sources travel with a job."""

import sys
from pathlib import Path

import pytest

from glacier.errors import PackageError
from glacier.jobs.imports import imports_of_code, imports_of_source
from glacier.jobs.modules import find_module
from glacier.jobs.pins import pins, pins_below
from glacier.jobs.sources import Sources, sources_of


class Project:
    """A project on disk, whose modules can be found and were never imported."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, path: str, source: str = "") -> None:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")

    def travels(self, *modules: str) -> list[str]:
        return sorted(self.sources(*modules).files)

    def sources(self, *modules: str) -> Sources:
        return sources_of(modules, functions=modules)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Project(tmp_path)


def test_package_travels_whole_with_its_data(project: Project) -> None:
    for path in ("__init__.py", "jobs/__init__.py", "jobs/daily.py", "unused.py", "sql/a.sql"):
        project.write(f"proj_a/{path}")

    assert project.travels("proj_a.jobs.daily") == [
        "proj_a/__init__.py",
        "proj_a/jobs/__init__.py",
        "proj_a/jobs/daily.py",
        "proj_a/sql/a.sql",
        "proj_a/unused.py",
    ]


def test_package_leaves_behind_what_is_large_hidden_or_compiled(project: Project) -> None:
    project.write("proj_b/__init__.py")
    project.write("proj_b/.env", "SECRET=1")
    project.write("proj_b/__pycache__/x.py")
    project.write("proj_b/native.so")
    project.write("proj_b/venv/pyvenv.cfg")
    project.write("proj_b/venv/lib.py")
    project.write("proj_b/table.csv", "x" * (1024 * 1024 + 1))

    assert project.travels("proj_b") == ["proj_b/__init__.py"]


def test_module_of_a_namespace_travels_alone_with_what_it_imports(project: Project) -> None:
    project.write("space/jobs/daily.py", "from space.jobs import parts\nimport flat_c")
    project.write("space/jobs/parts.py", "def f():\n    from space import late")
    project.write("space/late.py")
    project.write("space/jobs/other.py")
    project.write("flat_c.py", "import json")

    assert project.travels("space.jobs.daily") == [
        "flat_c.py",
        "space/jobs/daily.py",
        "space/jobs/parts.py",
        "space/late.py",
    ]


def test_package_with_a_link_to_itself_travels(project: Project) -> None:
    project.write("proj_p/__init__.py")
    (project.directory / "proj_p" / "again").symlink_to(project.directory / "proj_p")
    (project.directory / "proj_p" / "broken").symlink_to(project.directory / "nowhere")

    assert project.travels("proj_p") == ["proj_p/__init__.py"]


def test_what_travels_by_another_way_is_left_out(project: Project) -> None:
    project.write("space_q/plugin/__init__.py")
    project.write("space_q/plugins.py")
    project.write("flat_q.py", "import space_q.plugin.hooks, space_q.plugins")

    sources = sources_of(["flat_q"], apart=["space_q.plugin"])

    assert sorted(sources.files) == ["flat_q.py", "space_q/plugins.py"]


def test_relative_imports_are_followed(project: Project) -> None:
    project.write("proj_d/inner/__init__.py", "from .one import x")
    project.write("proj_d/inner/one.py", "from ..outside import y")
    project.write("proj_d/outside.py")

    assert project.travels("proj_d.inner.one") == [
        "proj_d/inner/__init__.py",
        "proj_d/inner/one.py",
        "proj_d/outside.py",
    ]


def test_module_named_by_a_constant_travels(project: Project) -> None:
    project.write("flat_e.py", "import importlib\nimportlib.import_module('flat_f')")
    project.write("flat_f.py")

    assert project.travels("flat_e") == ["flat_e.py", "flat_f.py"]


def test_import_for_type_checkers_does_not_travel(project: Project) -> None:
    project.write(
        "flat_g.py",
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import flat_h\n    import pandas\n    import narwhals as nw\n"
        "else:\n    import flat_i",
    )
    project.write("flat_h.py")
    project.write("flat_i.py")

    sources = project.sources("flat_g")

    assert sorted(sources.files) == ["flat_g.py", "flat_i.py"]
    assert sources.installed == {"narwhals"}


def test_import_that_is_not_installed_is_left_to_the_code(project: Project) -> None:
    project.write(
        "flat_j.py", "try:\n    import nowhere_to_be_found\nexcept ImportError:\n    pass"
    )

    assert project.travels("flat_j") == ["flat_j.py"]


def test_source_that_cannot_be_parsed_travels_as_it_is(project: Project) -> None:
    project.write("flat_k.py", "print 'old'")

    assert project.travels("flat_k") == ["flat_k.py"]


def test_installed_distribution_is_named_and_not_copied(project: Project) -> None:
    project.write("flat_l.py", "import polars as pl, pyarrow.parquet\nimport os.path")

    sources = project.sources("flat_l")

    assert sorted(sources.files) == ["flat_l.py"]
    assert sources.installed == {"polars", "pyarrow"}


def test_function_of_an_installed_pure_distribution_travels(project: Project) -> None:
    sources = project.sources("iniconfig")

    assert "iniconfig/exceptions.py" in sources.files
    assert sources.installed == set()


@pytest.mark.parametrize("name", ["duckdb", "polars", "pydantic"])
def test_function_of_what_is_compiled_or_there_anyway_stays(project: Project, name: str) -> None:
    sources = project.sources(name)

    assert not sources.files
    assert sources.installed == {name}


def test_module_without_a_source_file_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = type(sys)("made_up_m")
    monkeypatch.setitem(sys.modules, "made_up_m", module)

    with pytest.raises(PackageError, match=r"The module 'made_up_m' has no source file, so that"):
        project.sources("made_up_m")


def test_compiled_module_of_the_project_is_refused(project: Project) -> None:
    project.write("flat_n.abi3.so")

    with pytest.raises(PackageError, match=r"'flat_n' is compiled \(flat_n\.abi3\.so\) and can't"):
        project.sources("flat_n")


def test_module_is_found_without_being_imported(project: Project) -> None:
    project.write("proj_o/__init__.py", "raise RuntimeError('imported')")
    project.write("proj_o/inner.py")

    module = find_module("proj_o.inner")

    assert module is not None
    assert module.file == project.directory / "proj_o/inner.py"
    assert "proj_o" not in sys.modules


def test_code_says_what_it_imports_when_it_runs() -> None:
    def outer() -> object:
        import json.decoder

        def inner() -> object:
            from tests.core import moon

            return moon

        return json, inner

    found = imports_of_code(outer.__code__)

    assert {"json.decoder", "tests.core", "tests.core.moon"} <= found


def test_code_says_what_it_imports_relatively() -> None:
    namespace: dict[str, object] = {}
    exec("def f():\n    from .sibling import x\n    from .. import above", namespace)

    found = imports_of_code(namespace["f"].__code__, "pack.age")  # type: ignore[attr-defined]

    assert {"pack.age.sibling", "pack.above"} <= found


@pytest.mark.parametrize("line", ["x = {n} + 1000", "a{n} = b{n}"])
def test_long_code_says_what_it_imports(line: str) -> None:
    namespace: dict[str, object] = {}
    lines = [f"    {line.format(n=n)}" for n in range(300)]
    exec("\n".join(["def f():", *lines, "    from ..sibling import x"]), namespace)

    found = imports_of_code(namespace["f"].__code__, "pack.age")  # type: ignore[attr-defined]

    assert found == {"pack.sibling", "pack.sibling.x"}


def test_source_of_a_package_resolves_relative_imports_from_itself() -> None:
    found = imports_of_source(b"from .part import x", "pack", is_package=True)

    assert "pack.part" in found.names


def test_pins_are_the_versions_of_this_process() -> None:
    import polars as pl

    found = pins(["duckdb"])

    assert f"polars=={pl.__version__}" in found
    assert {pin.partition("==")[0] for pin in found} == {
        "cloudpickle",
        "duckdb",
        "fsspec",
        "pluggy",
        "polars",
        "pydantic",
        "tenacity",
    }


def test_pins_of_a_format_are_its_extra() -> None:
    found = [pin.partition("==")[0] for pin in pins([], formats=["delta", "parquet"])]

    assert "deltalake" in found


def test_pins_name_distributions_whose_modules_are_called_otherwise() -> None:
    assert any(pin.startswith("python-dateutil==") for pin in pins(["dateutil"]))


def test_pins_leave_out_what_spark_brings() -> None:
    found = [pin.partition("==")[0] for pin in pins(["pyspark"], engine="spark")]

    assert "pyspark" not in found
    assert "narwhals" in found
    assert "pyspark" in [pin.partition("==")[0] for pin in pins(["pyspark"])]


def test_pins_without_a_base_are_of_what_is_imported_alone() -> None:
    assert [pin.partition("==")[0] for pin in pins(["dateutil"], base=())] == ["python-dateutil"]


def test_pins_below_follow_what_distributions_need() -> None:
    found = [pin.partition("==")[0] for pin in pins_below(["pandas==1.0"])]

    assert {"pandas", "numpy", "python-dateutil", "six"} <= set(found)
    assert found == sorted(found)


def test_pins_below_pass_over_what_is_not_installed() -> None:
    assert pins_below(["no-such-distribution==1.0"]) == ()


def test_modules_that_travel_apart_are_told(project: Project) -> None:
    project.write("proj_apart.py", "from glacier.config import LocalConfig\nimport json\n")

    found = sources_of(["proj_apart"], functions=["proj_apart"], apart=["glacier"])

    assert found.apart == {"glacier.config", "glacier.config.LocalConfig"}
    assert list(found.files) == ["proj_apart.py"]
