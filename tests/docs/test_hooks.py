"""Every hook is documented, by the sentence that describes it in the code."""

import re

import pytest

from glacier import hookspecs
from tests.docs.pages import ROOT

HOOKS = {name: spec for name, spec in vars(hookspecs).items() if name.startswith("glacier_")}
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_documented_by_its_sentence(hook: str) -> None:
    section = re.search(rf"^### {hook}\n\n(.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)

    assert section is not None
    assert " ".join(section[1].split()) == HOOKS[hook].__doc__


def test_documented_hooks_exist() -> None:
    documented = set(re.findall(r"^### (glacier_\w+)$", PAGE, re.MULTILINE))

    assert documented == HOOKS.keys()
