"""How Glacier's objects show themselves in notebooks: small cards of HTML, which ask for nothing.

Colours are those of the notebook, so that they fit light and dark ones.
"""

from collections.abc import Iterable
from html import escape

from glacier.known_secrets import Hider

_CARD = (
    "display:inline-block;max-width:100%;box-sizing:border-box;padding:.6em .9em;"
    "border:1px solid rgba(128,128,128,.45);border-radius:6px;line-height:1.45;text-align:left"
)
_TABLE = "border:0;margin:.3em 0 0;background:none;color:inherit;font:inherit"
_QUIET = "opacity:.75"
_CELL = (
    "padding:.1em 1.2em .1em 0;border:0;text-align:left;vertical-align:top;font-weight:400;"
    "background:none;white-space:normal;overflow-wrap:anywhere"
)
_NAME = f"{_CELL};{_QUIET};min-width:7em"  # or a long text beside it leaves it one letter a line


_MOST_FACTS = 40
_LONGEST = 600
"""In characters, of one text. A card is looked at, and kept in the notebook's file."""


def card(kind: str, title: str, facts: Iterable[tuple[str, str]], *, note: str = "") -> str:
    """Return an object as HTML, without secrets.

    Args:
        kind: What it is.
        title: What it is called.
        facts: What there is to say, each thing with its name; the first 40 are shown.
        note: A sentence below.
    """
    hide = Hider()

    def told(text: str) -> str:
        return escape(_shortened(hide(text)))  # hidden first: half a secret is not recognised

    all_facts = list(facts)
    shown = [(told(name), told(value)) for name, value in all_facts[:_MOST_FACTS]]
    if len(all_facts) > _MOST_FACTS:
        shown.append(("", f"and {len(all_facts) - _MOST_FACTS:,} more"))
    rows = "".join(
        f'<tr style="background:none"><th scope="row" style="{_NAME}">{name}</th>'
        f'<td style="{_CELL}">{value}</td></tr>'
        for name, value in shown
    )
    table = f'<table style="{_TABLE}">{rows}</table>'
    below = f'<div style="{_QUIET};margin-top:.3em">{told(note)}</div>' if note else ""
    html = (
        f'<div style="{_CARD}"><div><span style="{_QUIET}">{escape(kind)}</span> '
        f"<strong>{told(title)}</strong></div>{table if rows else ''}{below}</div>"
    )
    # What is no Unicode, as in the name of a file, would break the notebook's messages.
    return html.encode(errors="backslashreplace").decode()


def _shortened(text: str) -> str:
    more = len(text) - _LONGEST
    return f"{text[:_LONGEST]}... ({more:,} more characters)" if more > 0 else text
