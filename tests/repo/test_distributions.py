"""The distributions fit together."""

import re
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.repo.imports import imported_modules
from tests.repo.layout import ROOT, distributions, package, project, requirements

DISTRIBUTIONS = [pytest.param(path, id=path.name) for path in distributions()]
SIBLINGS = {path.name for path in distributions()}

# Modules of later Python versions than the oldest one that runs the tests.
NEWER_STDLIB = frozenset({"annotationlib"})

# What a platform has where files run that are sent there, and what every notebook has.
ELSEWHERE = {
    "glacier-azure": frozenset({"azure.functions", "notebookutils", "pyspark"}),
    "glacier-core": frozenset({"IPython.display"}),
}

# The modules of requirements that are not called as these are.
FURTHER = {
    "google_auth": frozenset({"google.oauth2"}),
    "jinja2": frozenset({"markupsafe"}),
    "protobuf": frozenset({"google.protobuf.json_format"}),
}


def test_workspace_lists_every_distribution() -> None:
    found = {path.parent.name for path in ROOT.glob("glacier-*/pyproject.toml")}

    assert found == SIBLINGS


def test_versions_are_equal() -> None:
    versions = {project(path)["version"] for path in distributions()}

    assert len(versions) == 1


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_siblings_are_pinned_exactly(distribution: Path) -> None:
    version = project(distribution)["version"]

    pins = {str(r.specifier) for r in requirements(distribution) if r.name in SIBLINGS}

    assert pins == {f"=={version}"}


def test_extra_all_holds_every_sibling() -> None:
    extras = project(ROOT / "glacier-core")["optional-dependencies"]

    named = {line.split("==")[0] for line in extras["all"]}

    assert named == SIBLINGS - {"glacier-core"}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_distribution_is_typed_and_has_a_readme(distribution: Path) -> None:
    assert (package(distribution) / "py.typed").is_file()
    assert (distribution / "README.md").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_distribution_carries_the_license(distribution: Path) -> None:
    # A copy: in a source distribution a link would point nowhere.
    own = distribution / "LICENSE"

    assert project(distribution)["license-files"] == ["LICENSE"]
    assert not own.is_symlink()
    assert own.read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_readme_of_a_distribution_links_to_no_file(distribution: Path) -> None:
    readme = (distribution / "README.md").read_text(encoding="utf-8")

    targets = re.findall(r"\]\(([^)]*)\)", readme)

    assert [one for one in targets if not one.startswith("https://")] == []


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_entry_points_are_installed_and_load(distribution: Path) -> None:
    declared = project(distribution)["entry-points"]["glacier"]

    installed = {point.name: point.value for point in entry_points(group="glacier")}

    assert declared.items() <= installed.items()
    for module in declared.values():
        import_module(module)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_distribution_imports_only_what_it_declares(distribution: Path) -> None:
    wanted = requirements(distribution)
    # What a sibling brings that is an extra of this one is declared there, such as pyspark.
    extras = [r for r in wanted if r.name in SIBLINGS - {"glacier-core"}]
    wanted += [r for extra in extras for r in requirements(ROOT / extra.name)]
    declared = {r.name.replace("-", "_") for r in wanted}
    if "glacier_core" in declared:
        declared.add("glacier")
    declared |= {module for one in declared for module in FURTHER.get(one, ())}
    known = sys.stdlib_module_names | NEWER_STDLIB | ELSEWHERE.get(distribution.name, frozenset())
    allowed = known | declared | {package(distribution).name}

    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in package(distribution).rglob("*.py")
        for name in imported_modules(path.read_text(encoding="utf-8"))
        if not {name, name.partition(".")[0]} & allowed and not _is_in_namespace(name, declared)
    }

    assert undeclared == set()


def _is_in_namespace(module: str, declared: set[str]) -> bool:
    """Return whether a module is of a distribution that shares its first name with others.

    `azure.storage.blob` is what `azure-storage-blob` holds, and `azure` what a hundred hold.
    """
    # `google.oauth2` is of google-auth, as `google.auth` is.
    name = module.replace(".", "_").replace("google_oauth2", "google_auth")
    return any(name == one or name.startswith(f"{one}_") for one in declared if "_" in one)
