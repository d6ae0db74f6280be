"""The seed's code blocks, and running them with the additions that a test lists."""

import re
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).with_name("examples.md")


def code(heading: str) -> str:
    """Return the Python code below the heading that starts like this."""
    text = EXAMPLES.read_text(encoding="utf-8")
    found = re.search(
        rf"^### {re.escape(heading)}.*?^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"the seed has no {heading}"
    return found[1]


def changed(source: str, *changes: tuple[str, str]) -> str:
    """Return a source with texts replaced, each of which has to be in it just once."""
    for old, new in changes:
        assert source.count(old) == 1, f"the seed does not have this just once: {old}"
        source = source.replace(old, new)
    return source


def run(source: str) -> ModuleType:
    """Run a source as a module of its own and return that."""
    module = ModuleType("seed_example")
    exec(compile(source, str(EXAMPLES), "exec"), module.__dict__)
    return module
