"""What `import glacier` offers is what `glacier.__all__` says."""

import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from types import ModuleType

import pytest

import glacier


def test_all_equals_the_public_names() -> None:
    public = {
        name
        for name in dir(glacier)
        if not name.startswith("_") and not isinstance(getattr(glacier, name), ModuleType)
    }

    assert set(glacier.__all__) - {"__version__"} == public


def test_pipeline_stays_the_decorator_when_its_package_is_imported() -> None:
    import_module("glacier.pipeline")

    assert not isinstance(glacier.pipeline, ModuleType)


def test_version_is_that_of_the_distribution() -> None:
    assert glacier.__version__ == version("glacier-core")


def test_unknown_name_is_a_plain_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'glacier' has no attribute 'no_such_thing'"):
        glacier.no_such_thing  # type: ignore[attr-defined]  # noqa: B018


def test_import_of_v2_says_how_to_migrate() -> None:
    with pytest.raises(
        ModuleNotFoundError, match=r"glacier\.providers is V2's\. .* glacier migrate PATH"
    ) as caught:
        import_module("glacier.providers")

    assert caught.value.name == "glacier.providers"
    assert not hasattr(glacier, "providers")


def test_testing_without_pytest_says_what_to_install() -> None:
    # None in `sys.modules` is a module that can't be imported.
    program = """
import sys
sys.modules["pytest"] = None
import glacier.testing
"""

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert ran.stderr.endswith(
        "MissingPackageError: glacier.testing needs pytest. "
        'Run: pip install "glacier-core[testing]"\n'
    )
