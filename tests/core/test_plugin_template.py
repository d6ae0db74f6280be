"""`glacier new-plugin`: names, places, and files that are model code whatever the name."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from glacier.errors import ConfigError
from glacier.plugin_template import plugin_names, write_plugin
from tests.core.cli_project import installed, invoke
from tests.core.distributions import run_python
from tests.repo.layout import ROOT

FILES = [
    "README.md",
    "pyproject.toml",
    "src/glacier_ice_cellar/__init__.py",
    "src/glacier_ice_cellar/bucket.py",
    "src/glacier_ice_cellar/config.py",
    "src/glacier_ice_cellar/filesystem.py",
    "src/glacier_ice_cellar/hooks.py",
    "src/glacier_ice_cellar/py.typed",
    "tests/conftest.py",
    "tests/test_conformance.py",
    "tests/test_plugin.py",
]


def refused(name: str) -> str:
    """Return why a name is refused."""
    with pytest.raises(ConfigError) as refusal:
        plugin_names(name)
    return str(refusal.value)


def tool(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment in a directory."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=directory, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "name", ["ice-cellar", "Ice_Cellar", "ice.cellar", "glacier-ice-cellar", "GLACIER_ice--cellar"]
)
def test_names_of_the_parts_follow_from_one(name: str) -> None:
    names = plugin_names(name)

    assert names.name == "ice-cellar"
    assert names.distribution == "glacier-ice-cellar"
    assert names.module == "glacier_ice_cellar"
    assert names.classes == "IceCellar"
    assert names.variables == "ICE_CELLAR"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "-ice",
        "ice-",
        "ice cellar",
        "größe",
        "7zip",
        "../ice",
        "ice/cellar",
        "ice\n",
        "glacier-",
    ],
)
def test_name_that_is_misspelt_is_refused(name: str) -> None:
    text = refused(name)

    assert text == (
        f"{name!r} can't name a new plugin: it has to be of letters and digits of ASCII, with '-', "
        "'_' or '.' between them, and to begin with a letter. Use another name, such as "
        "'ice-cellar'."
    )


def test_name_without_a_letter_after_its_prefix_is_refused() -> None:
    assert "a letter has to come after 'glacier-'" in refused("glacier-7zip")


@pytest.mark.parametrize("name", ["class", "Import", "glacier-lambda", "none"])
def test_name_that_is_a_keyword_is_refused(name: str) -> None:
    assert f"{name!r} can't name a new plugin: it is a keyword of Python." in refused(name)


@pytest.mark.parametrize("name", ["test", "glacier-testing-store"])
def test_name_that_makes_classes_look_like_tests_is_refused(name: str) -> None:
    assert "pytest takes classes that begin with 'Test' for tests" in refused(name)


def test_name_of_one_letter_is_refused() -> None:
    """With it the store's URIs would not be found to be of it, so that no job began."""
    assert "fsspec takes x:// for a drive of Windows and not for a scheme" in refused("x")


def test_name_that_is_too_long_is_refused() -> None:
    name = "a" * 25

    assert "it has 25 characters, and at most 24 fit the files" in refused(name)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("toy", "glacier-toy is installed here, so uninstall it first"),
        ("aws", "glacier-aws is installed here, so uninstall it first"),
        ("core", "glacier-core is installed here, so uninstall it first"),
        ("local", f"glacier-core {version('glacier-core')} is installed here, with a plugin of"),
        ("memory", "fsspec has a filesystem for memory:// already"),
        ("glacier", "variables that begin with GLACIER are Glacier's own"),
        ("glacier-glacier-ice", "variables that begin with GLACIER are Glacier's own"),
        ("filesystem", "Glacier has a FilesystemBucketAdapter already"),
        ("blob", "glacier.config has a BlobConfig already"),
        ("provider", "glacier.config has a ProviderConfig already"),
    ],
)
def test_name_that_is_taken_is_refused(name: str, owner: str) -> None:
    text = refused(name)

    assert text.startswith(f"{name!r} can't name a new plugin: {owner}")
    assert text.endswith(". Use another name, such as 'ice-cellar'.")


def test_name_of_a_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "glacier_frost.py").touch()
    program = "from glacier.plugin_template import plugin_names; plugin_names('frost')"

    done = run_python(program, tmp_path)

    assert "a module 'glacier_frost' can be imported here" in done.stderr.splitlines()[-1]


def test_name_of_a_cloud_that_is_not_installed_is_refused() -> None:
    program = """
        import sys
        from importlib import metadata
        from glacier.plugins import Plugins, load_plugins
        import glacier.plugins

        here = [p for p in metadata.entry_points(group="glacier") if p.name == "local"]
        glacier.plugins.load_plugins = lambda: Plugins(here)
        from glacier.plugin_template import plugin_names
        plugin_names("glue")
    """

    done = run_python(program)

    assert "glacier.config has a GlueConfig already" in done.stderr.splitlines()[-1]


def test_files_are_written_into_a_directory_of_the_plugins_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = invoke("new-plugin", "ice-cellar")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"glacier-ice-cellar/{name}" for name in FILES]
    assert all((tmp_path / line).is_file() for line in result.stdout.splitlines())


def test_files_are_written_into_an_empty_directory(tmp_path: Path) -> None:
    paths = write_plugin("ice-cellar", tmp_path)

    assert [path.relative_to(tmp_path).as_posix() for path in paths] == FILES


def test_directory_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (tmp_path / name).write_text(name)

    result = invoke("new-plugin", "ice-cellar", "--directory", str(tmp_path))

    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {str(tmp_path)!r} is a directory that holds a.txt, b.txt, c.txt, ..., and a new "
        "plugin is written into nothing that is there. Name an empty directory, or one that is to "
        "be made: --directory DIR.\n"
    )
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "a.txt",
        "b.txt",
        "c.txt",
        "d.txt",
    ]


def test_file_in_the_place_of_the_directory_is_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "plugin"
    place.write_text("mine")

    with pytest.raises(ConfigError, match="is no directory"):
        write_plugin("ice-cellar", place)

    assert place.read_text() == "mine"


def test_file_on_the_way_to_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "plugin"

    with pytest.raises(ConfigError) as caught:
        write_plugin("ice-cellar", target)

    assert str(caught.value) == (
        f"'{target}' can't be written: '{tmp_path}/file' is a file and not a directory. Nothing "
        "was left there. Name a directory that can be written to: --directory DIR."
    )


def test_link_on_the_way_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")

    with pytest.raises(ConfigError, match=r"/link' is a symlink that leads nowhere\. Nothing was"):
        write_plugin("ice-cellar", tmp_path / "link" / "plugin")


@pytest.mark.parametrize(
    ("name", "problem"), [("n" * 300, "File name too long"), ("a\0b", "embedded null byte")]
)
def test_directory_of_an_impossible_name_is_refused(
    tmp_path: Path, name: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=rf"can't be written: {problem}\. Nothing was left"):
        write_plugin("ice-cellar", tmp_path / name)


def test_nothing_is_left_where_the_disk_is_full(tmp_path: Path) -> None:
    """A limit on the size of files ends a write half way as a full disk does."""
    (tmp_path / "empty").mkdir()
    program = f"""
        import resource
        from pathlib import Path
        from signal import SIG_IGN, SIGXFSZ, signal
        from glacier.errors import ConfigError
        from glacier.plugin_template import write_plugin

        here = Path({str(tmp_path)!r})
        write_plugin("warm-up", here / "whole")
        signal(SIGXFSZ, SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        for target in ("empty", "new/deep"):
            try:
                write_plugin("ice-cellar", here / target)
            except ConfigError as error:
                print(error)
    """

    done = run_python(program)

    told = "can't be written: File too large. Nothing was left there. Free some space, or name a "
    assert done.stdout.count(told) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "whole"]
    assert list((tmp_path / "empty").iterdir()) == []


def test_refused_name_is_told_on_stderr_with_exit_code_2(tmp_path: Path) -> None:
    done = installed("new-plugin", "toy", "--directory", str(tmp_path))

    assert done.returncode == 2
    assert done.stderr.startswith("Error: 'toy' can't name a new plugin: glacier-toy is installed")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["xy", "ice-cellar", "a" * 24, "a-b-c-d-e-f-g-h-i-j-k-l"])
@pytest.mark.parametrize("settings", ["own", "glacier"])
def test_files_are_clean_whatever_the_name(tmp_path: Path, name: str, settings: str) -> None:
    write_plugin(name, tmp_path)
    # What is first-party is told by the place of the sources, which Glacier's settings don't know.
    config = ["--config", str(ROOT / "pyproject.toml"), "--config", "src = ['src']"]
    options = ["--no-cache", *(config if settings == "glacier" else [])]

    checked = tool(tmp_path, "ruff", "check", *options)
    formatted = tool(tmp_path, "ruff", "format", "--check", *options)

    assert checked.stdout == "All checks passed!\n"
    assert formatted.returncode == 0, formatted.stdout


def test_files_have_strict_types(tmp_path: Path) -> None:
    write_plugin("ice-cellar", tmp_path)
    cache = Path(os.environ["GLACIER_CACHE"]) / "mypy-of-new-plugins"

    checked = tool(tmp_path, "mypy", "--cache-dir", str(cache), "src", "tests")

    assert checked.stdout == "Success: no issues found in 8 source files\n"


def test_license_is_left_to_the_author(tmp_path: Path) -> None:
    write_plugin("ice-cellar", tmp_path)

    assert "\nlicense" not in (tmp_path / "pyproject.toml").read_text()
    assert "choose a license" in (tmp_path / "README.md").read_text()
