"""What the zip of a function holds, and what is refused before there is one."""

import os
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeAlias

import pytest
from pydantic import ValidationError

from glacier import Serverless
from glacier.config import ResourceConfig
from glacier.errors import FunctionError
from tests.projects import ECHO, Project

Make: TypeAlias = Callable[..., Serverless]
"""Makes a function of a handler, with the fields of the platform's config by keyword."""


def nested() -> Callable[[dict[str, Any]], dict[str, Any]]:
    def handler(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    return handler


def content_of(function: Serverless) -> dict[str, str]:
    """Return the texts of a function's zip by their names."""
    with zipfile.ZipFile(function.package()) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {name: archive.read(name).decode() for name in names}


def lines_of(function: Serverless) -> list[str]:
    """Return the lines of a function's requirements."""
    return content_of(function)["requirements.txt"].splitlines()


class PackageCases:
    """What holds on every platform; a subclass's module binds `make`.

    Attributes:
        config: The config of the platform's functions.
        secret: A secret of the provider's config.
        secret_field: Its field, as errors name it.
    """

    config: ClassVar[type[ResourceConfig]]
    secret: ClassVar[str]
    secret_field: ClassVar[str]

    def test_package_has_the_handlers_whole_package_with_its_data(
        self, make: Make, project: Project, tmp_path: Path
    ) -> None:
        project.module("", "rating.__init__")
        project.module(ECHO, "rating.rate")
        (tmp_path / "project/rating/model.json").write_text('{"weight": 3}')

        content = content_of(make("rating.rate:run"))

        assert {"rating/__init__.py", "rating/rate.py", "rating/model.json"} <= set(content)

    def test_secret_in_a_source_is_refused(self, make: Make, project: Project) -> None:
        module = project.module(f"KEY = {self.secret!r}\n\n{ECHO}")

        with pytest.raises(
            FunctionError,
            match=rf"The file {module}\.py of .* holds the secret {self.secret_field}",
        ) as caught:
            make(f"{module}:run").package()

        assert self.secret not in str(caught.value)

    @pytest.mark.parametrize(
        ("handler", "message"),
        [
            (lambda payload: payload, "it is a lambda"),
            (nested(), "it is defined inside another function"),
            ("built_in_memory:run", "module 'built_in_memory' has no source file"),
            ("no_such_module:run", "can't be imported"),
        ],
    )
    def test_handler_without_sources_is_refused(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, handler: Any, message: str
    ) -> None:
        module = ModuleType("built_in_memory")
        exec(ECHO, vars(module))
        monkeypatch.setitem(sys.modules, "built_in_memory", module)

        with pytest.raises(FunctionError, match=message):
            make(handler).package()

    @pytest.mark.parametrize(
        "line", ["-r more.txt", "--index-url=http://x", "", "a\nb", "# polars"]
    )
    def test_packages_take_requirements_only(self, line: str) -> None:
        with pytest.raises(ValidationError, match="is no requirement; pass one such as 'polars"):
            self.config.model_validate({"packages": [line]})


class SourcePackageCases(PackageCases):
    """Of platforms that install by themselves what a list of requirements says.

    Attributes:
        own_files: What the zip holds beside the handler's sources.
        library: The requirement of the platform's own library.
        wins: Another requirement of it.
        brought: Distributions that the platform's plugin needs.
        left_out: Distributions that only other platforms need.
        plugin: The plugin's package.
    """

    own_files: ClassVar[set[str]]
    library: ClassVar[str]
    wins: ClassVar[str]
    brought: ClassVar[set[str]]
    left_out: ClassVar[set[str]]
    plugin: ClassVar[str]

    def test_handler_without_a_dependency_brings_its_sources_alone(
        self, make: Make, project: Project
    ) -> None:
        module = project.module()

        content = content_of(make(f"{module}:run"))

        assert set(content) == {*self.own_files, "requirements.txt", f"{module}.py"}
        assert content["requirements.txt"] == f"{self.library}\n"

    def test_imports_are_pinned_to_the_versions_of_this_machine(
        self, make: Make, project: Project
    ) -> None:
        module = project.module(f"import packaging.version\n\n{ECHO}")

        assert f"packaging=={version('packaging')}" in lines_of(make(f"{module}:run"))

    def test_what_imports_need_in_turn_is_pinned_too(self, make: Make, project: Project) -> None:
        module = project.module(f"import polars\n\n{ECHO}")

        content = content_of(make(f"{module}:run"))

        below = f"polars-runtime-32=={version('polars-runtime-32')}"
        assert content["requirements.txt"].startswith("-c constraints.txt\n")
        assert below in content["constraints.txt"].splitlines()

    def test_packages_of_the_config_win(self, make: Make, project: Project) -> None:
        module = project.module(f"import packaging\n\n{ECHO}")
        packages = ["Packaging>=24", self.wins]

        assert lines_of(make(f"{module}:run", packages=packages)) == packages

    def test_handler_that_uses_glacier_brings_it_and_its_plugin(
        self, make: Make, project: Project
    ) -> None:
        module = project.module(f"from glacier import Provider\n\n{ECHO}")

        content = content_of(make(f"{module}:run"))

        names = {line.partition("==")[0] for line in content["requirements.txt"].splitlines()}
        assert {"polars", "pydantic", "pluggy", *self.brought} <= names
        assert not {"pyspark", "databricks-sdk", *self.left_out} & names
        assert {"glacier/__init__.py", f"{self.plugin}/hooks.py", f"{module}.py"} <= set(content)
        assert not any(self.secret in text for text in content.values())

    def test_package_of_the_same_has_the_same_bytes(
        self, make: Make, project: Project, tmp_path: Path
    ) -> None:
        function = make(f"{project.module()}:run", packages=["polars==2.1.0"])
        first = function.package()
        for file in (tmp_path / "project").rglob("*.py"):
            os.utime(file, (0, 0))

        second = function.package()

        assert first != second
        assert first.read_bytes() == second.read_bytes()
