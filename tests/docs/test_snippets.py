"""Every Python block of the documentation runs.

The blocks of one page share a namespace and run in order, in a directory of their own, as if the
page were a script. A block that can't run stands after `<!-- skip: next "the reason" -->`. The
pages that show what their code prints run in `test_output.py`, where that is compared too.
"""

import sys
from pathlib import Path
from types import ModuleType
from unittest import SkipTest

import pytest
from sybil import Document
from sybil.evaluators.skip import Skipper
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

from tests.docs.pages import PAGES, ROOT, blocks

WITHOUT_OUTPUT = [page for page in PAGES if not blocks(page, "text")]


def parse(page: Path) -> Document:
    return Document.parse(str(page), PythonCodeBlockParser(), SkipParser())


def run(page: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a page's blocks as a script would, and return how many ran."""
    document = parse(page)
    script = ModuleType("__main__")
    document.namespace = script.__dict__
    monkeypatch.setitem(sys.modules, "__main__", script)
    ran = 0
    for example in document.examples():
        try:
            example.evaluate()
        except SkipTest:
            continue
        ran += not isinstance(example.region.evaluator, Skipper)
    return ran


@pytest.mark.parametrize(
    "page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in WITHOUT_OUTPUT]
)
def test_snippets_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    run(page, monkeypatch)


@pytest.mark.parametrize("page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in PAGES])
def test_skips_have_a_reason(page: Path) -> None:
    skips = [e for e in parse(page).examples() if isinstance(e.region.evaluator, Skipper)]

    unexplained = [e.line for e in skips if e.parsed[0] != "end" and not e.parsed[1]]

    assert unexplained == []


def test_snippets_of_a_page_share_names_and_fail_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nanswer = 42\n```\n\n"
        '<!-- skip: next "needs an account" -->\n\n'
        "```python\nraise RuntimeError\n```\n\n"
        "```python\nassert answer == 42\nassert __name__ == '__main__'\n```\n\n"
        "```python\nundefined\n```\n"
    )

    with pytest.raises(NameError, match="undefined"):
        run(page, monkeypatch)


def test_snippets_run_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nx = 1\n```\n\n"
        '<!-- skip: next "needs an account" -->\n\n'
        "```python\nraise RuntimeError\n```\n\n"
        "```sh\nexit 1\n```\n"
    )

    assert run(page, monkeypatch) == 1
