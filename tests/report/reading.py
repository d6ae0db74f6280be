"""Reads a page as a program that renders it would: elements, their attributes and their text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from glacier.engine import Run
from glacier.report.page import html_of

_EMPTY = {"meta", "link", "line", "rect", "circle", "path"}


@dataclass(eq=False)
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def all(self, tag: str = "", **attributes: str) -> Iterator["Element"]:
        """Yield the elements in this one with a tag and attributes; `class_` is one of several."""
        for child in self.children:
            if isinstance(child, str):
                continue
            if child.fits(tag, attributes):
                yield child
            yield from child.all(tag, **attributes)

    def fits(self, tag: str, attributes: dict[str, str]) -> bool:
        wanted = dict(attributes)
        name = wanted.pop("class_", "")
        classes = (self.attributes.get("class") or "").split()
        return (
            tag in {"", self.tag}
            and (not name or name in classes)
            and all(self.attributes.get(key) == value for key, value in wanted.items())
        )

    @property
    def text(self) -> str:
        """All text in it, with single spaces."""
        parts = [one if isinstance(one, str) else one.text for one in self.children]
        return " ".join(" ".join(parts).split())

    def rows(self) -> list[list[str]]:
        """The rows of a table's body."""
        (body,) = self.all("tbody")
        cells = (
            [one for one in row.children if isinstance(one, Element)] for row in body.all("tr")
        )
        return [[cell.text for cell in row] for row in cells]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read_html(html: str) -> Element:
    """Return the root of a page, in which every element is closed where it should be."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader._open == [reader.root]
    return reader.root


def page_of(run: Run) -> Element:
    """Return the page about a run."""
    return read_html(html_of(run))


def table(page: Element, caption: str) -> Element:
    """Return the table whose caption starts with a text."""
    (found,) = (
        one for one in page.all("table") if next(one.all("caption")).text.startswith(caption)
    )
    return found
