"""What `import glacier` offers is what `glacier.__all__` says."""

from importlib import import_module
from types import ModuleType

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
