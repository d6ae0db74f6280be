"""Plugins, as installed distributions."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from glacier import Bucket
from glacier.config import LocalConfig
from glacier.errors import HookError, PluginConflictError, PluginError
from glacier.plugins import Plugin, Plugins
from tests.core.distributions import entry_point, run_python, write_distribution

STORE = """
    from glacier import Bucket
    from glacier.config import LocalConfig
    from glacier.hookspecs import hookimpl
    from glacier.registry import AdapterSpec

    @hookimpl
    def glacier_register_adapters():
        return [AdapterSpec(Bucket, LocalConfig, "some_store:Adapter")]
"""
BROKEN = "raise ZeroDivisionError('no disk')"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that plays site-packages, whose modules are forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def load(site: Path, *sources: tuple[str, str]) -> Plugins:
    return Plugins(entry_point(write_distribution(site, *pair)) for pair in sources)


def problem(plugins: Plugins, name: str) -> Exception | None:
    return next(plugin.error for plugin in plugins.installed if plugin.name == name)


def test_plugins_name_their_distribution(site: Path) -> None:
    plugins = load(site, ("glacier-one", STORE))

    assert plugins.installed == [Plugin("glacier-one", "glacier-one 1.0")]
    assert plugins.broken == []


def test_plugins_installed_here_include_the_local_platform() -> None:
    plugins = Plugins()

    assert plugins.registry.find(Bucket, LocalConfig).adapter == (
        "glacier.local.bucket:LocalBucketAdapter"
    )


def test_plugin_that_raises_on_import_is_reported_by_name(site: Path) -> None:
    plugins = load(site, ("glacier-two", BROKEN))

    error = problem(plugins, "glacier-two")

    assert type(error) is PluginError
    assert str(error) == (
        "The plugin 'glacier-two' of glacier-two 1.0 could not be loaded: ZeroDivisionError: "
        "no disk. Update or uninstall it; the other plugins work."
    )
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_plugin_that_raises_on_import_breaks_nothing_else(site: Path) -> None:
    plugins = load(site, ("glacier-two", BROKEN), ("glacier-three", STORE))

    found = plugins.registry.find(Bucket, LocalConfig)

    assert found.adapter == "some_store:Adapter"
    assert [plugin.name for plugin in plugins.broken] == ["glacier-two"]


@pytest.mark.parametrize("hook", ["glacier_register_adaptors", "glacier_registers_adapters"])
def test_plugin_with_a_misspelt_hook_says_which_and_lists_the_hooks(site: Path, hook: str) -> None:
    source = f"""
        from glacier.hookspecs import hookimpl

        @hookimpl
        def {hook}():
            return []
    """
    plugins = load(site, ("glacier-four", source))

    error = problem(plugins, "glacier-four")

    assert isinstance(error, HookError)
    assert f"'glacier-four' of glacier-four 1.0 implements {hook}, which is not a hook" in str(
        error
    )
    assert "the hooks are glacier_config_from_env, glacier_register_adapters," in str(error)
    assert "Correct the name." in str(error)


def test_plugin_with_a_hook_misspelt_in_its_prefix_is_broken(site: Path) -> None:
    source = """
        from glacier.hookspecs import hookimpl

        @hookimpl
        def glaicer_register_adapters():
            return []
    """
    plugins = load(site, ("glacier-five", source), ("glacier-fine", STORE))

    error = problem(plugins, "glacier-five")

    assert isinstance(error, HookError)
    assert "unknown hook 'glaicer_register_adapters'" in str(error)
    assert [plugin.name for plugin in plugins.broken] == ["glacier-five"]


def test_plugin_with_a_wrong_argument_is_broken(site: Path) -> None:
    source = """
        from glacier.hookspecs import hookimpl

        @hookimpl
        def glacier_config_from_env(environment):
            return None
    """
    plugins = load(site, ("glacier-six", source))

    error = problem(plugins, "glacier-six")

    assert isinstance(error, HookError)
    assert "does not fit its hooks" in str(error)
    assert "{'environment'}" in str(error)


def test_plugin_that_forgets_the_marker_is_broken(site: Path) -> None:
    source = """
        def glacier_register_adapters():
            return []
    """
    plugins = load(site, ("glacier-seven", source))

    error = problem(plugins, "glacier-seven")

    assert isinstance(error, HookError)
    assert str(error) == (
        "The plugin 'glacier-seven' of glacier-seven 1.0 defines glacier_register_adapters "
        "without marking it as a hook. Decorate it with glacier.hookspecs.hookimpl."
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise OSError('no network')", "OSError: no network"),
        ("yield from 1 / 0", "ZeroDivisionError: division by zero"),
        ("return None", "TypeError: 'NoneType' object is not iterable"),
        ("return ['store']", "returned a str among its specs; expected AdapterSpec only"),
    ],
)
def test_plugin_whose_hook_fails_is_broken_from_then_on(site: Path, body: str, reason: str) -> None:
    source = f"""
        from glacier.hookspecs import hookimpl

        @hookimpl
        def glacier_register_adapters():
            {body}
    """
    plugins = load(site, ("glacier-eight", source), ("glacier-nine", STORE))

    found = plugins.registry.find(Bucket, LocalConfig)

    assert found.adapter == "some_store:Adapter"
    assert reason in str(problem(plugins, "glacier-eight"))


def test_plugins_that_claim_one_pair_are_both_named(site: Path) -> None:
    plugins = load(site, ("glacier-ten", STORE), ("glacier-eleven", STORE))

    with pytest.raises(
        PluginConflictError,
        match=r"Bucket with LocalConfig is claimed by glacier-ten 1\.0 and by glacier-eleven 1\.0",
    ):
        plugins.registry.find(Bucket, LocalConfig)


def test_plugins_of_one_name_keep_the_first(site: Path) -> None:
    first = write_distribution(site, "glacier-first", STORE, entry="store")
    second = write_distribution(site, "glacier-second", BROKEN, entry="store")

    plugins = Plugins(map(entry_point, (first, second)))

    assert plugins.registry.rows()[0][1] == "glacier-first 1.0"
    (broken,) = plugins.broken
    assert str(broken.error) == (
        "The plugin name 'store' is taken by glacier-first 1.0 and by glacier-second 1.0, which "
        "was left out. Uninstall one of them."
    )


def test_plugins_that_claim_one_config_name_are_both_named(site: Path) -> None:
    source = """
        from glacier.hookspecs import hookimpl

        @hookimpl
        def glacier_register_configs():
            return {"MoonConfig": "glacier.config:LocalConfig"}
    """
    plugins = load(site, ("moon-a", source), ("moon-b", source))

    with pytest.raises(
        PluginConflictError,
        match=r"The config 'MoonConfig' is registered by moon-a 1\.0 and by moon-b 1\.0\. Import",
    ):
        plugins.config("MoonConfig")


def test_plugins_that_claim_one_format_are_both_named(site: Path) -> None:
    source = """
        from glacier.hookspecs import hookimpl
        from glacier.registry import FormatSpec

        @hookimpl
        def glacier_register_formats():
            return [FormatSpec("xml", (".xml",), "some:Format")]
    """
    plugins = load(site, ("xml-a", source), ("xml-b", source))

    with pytest.raises(
        PluginConflictError, match=r"'xml' is registered by xml-a 1\.0 and by xml-b 1\.0\. Uninst"
    ):
        plugins.formats  # noqa: B018 - the property reads the plugins


def test_plugins_that_are_blocked_are_not_imported(site: Path) -> None:
    point = entry_point(write_distribution(site, "glacier-twelve", BROKEN))

    plugins = Plugins([point], blocked=["glacier-twelve"])

    assert plugins.installed == []


def test_plugins_are_found_by_their_entry_point(tmp_path: Path) -> None:
    write_distribution(tmp_path, "glacier-thirteen", BROKEN)

    ran = run_python(
        """
        from glacier.plugins import load_plugins

        print([plugin.name for plugin in load_plugins().broken])
        """,
        tmp_path,
    )

    assert (ran.stdout, ran.stderr) == ("['glacier-thirteen']\n", "")


def test_plugin_that_is_broken_leaves_the_local_platform_working(tmp_path: Path) -> None:
    write_distribution(tmp_path, "glacier-fourteen", BROKEN)

    ran = run_python(
        f"""
        import polars as pl
        from glacier import Provider
        from glacier.config import LocalConfig

        bucket = Provider(LocalConfig(base_path={str(tmp_path)!r})).bucket("b", "x.parquet")
        bucket.write(pl.DataFrame({{"a": [1]}}))
        print(bucket.read().item())
        """,
        tmp_path,
    )

    assert (ran.stdout, ran.stderr) == ("1\n", "")
