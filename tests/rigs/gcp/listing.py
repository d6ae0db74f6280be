"""Listing a bucket's objects: prefixes, delimiters, ranges, globs and pages."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.rigs.gcp.objects import Bucket, StoredObject


@dataclass(frozen=True, slots=True)
class Query:
    """Which of a bucket's objects are to be listed.

    Attributes:
        prefix: What their names begin with.
        delimiter: Up to where names that go on count as one prefix.
        after: The name or prefix after which the listing goes on.
        start: The first name.
        end: The name before which the listing ends.
        glob: A pattern for names.
        count: How many names and prefixes a page has at most.
        versions: Whether noncurrent generations are listed.
        trailing: Whether an object that a prefix is named after is listed beside the prefix.
    """

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    start: str = ""
    end: str = ""
    glob: str = ""
    count: int = 1000
    versions: bool = False
    trailing: bool = False


@dataclass(slots=True)
class Page:
    """Some of the objects and prefixes; `next` is where to go on, empty at the end."""

    objects: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next: str = ""


def page_of(bucket: Bucket, query: Query) -> Page:
    """Return one page of a listing."""
    page, last, count = Page(), "", 0
    for name, generations in _named(bucket, query):
        cut = name.find(query.delimiter, len(query.prefix)) if query.delimiter else -1
        entry = name[: cut + len(query.delimiter)] if cut >= 0 else name
        if query.after and (name <= query.after or (cut >= 0 and entry == query.after)):
            continue
        if cut >= 0 and entry == last:
            if query.trailing and name == entry:
                page.objects += generations
            continue
        if count == query.count:
            page.next = last
            break
        count, last = count + 1, entry
        if cut >= 0:
            page.prefixes.append(entry)
        if cut < 0 or (query.trailing and name == entry):
            page.objects += generations
    return page


def _named(bucket: Bucket, query: Query) -> Iterable[tuple[str, Sequence[StoredObject]]]:
    """Yield the names that match, sorted, each with its generations."""
    found: dict[str, list[StoredObject]] = {}
    stored: Iterable[StoredObject] = bucket.live.values()
    if query.versions:
        stored = [*bucket.noncurrent, *stored]
    pattern = re.compile(glob_regex(query.glob), re.DOTALL) if query.glob else None
    for one in stored:
        name = one.name
        if (
            name.startswith(query.prefix)
            and name >= query.start
            and (not query.end or name < query.end)
            and (pattern is None or pattern.fullmatch(name))
        ):
            found.setdefault(name, []).append(one)
    return sorted(found.items())


TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^]]+\]|\{|\}|,|.", re.DOTALL)


def glob_regex(glob: str) -> str:
    """Return the regular expression for a glob of Cloud Storage.

    https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-object-glob
    """
    found, depth = [], 0
    for token in TOKENS.findall(glob):
        if token == "{":
            depth += 1
        closes = token == "}" and depth
        if token == "," and depth:
            found.append("|")
        elif token.startswith("[") and len(token) > 1:
            found.append(token.replace("[!", "[^", 1))
        else:
            known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:"}
            found.append(")" if closes else known.get(token, re.escape(token)))
        depth -= bool(closes)
    return "".join(found)
