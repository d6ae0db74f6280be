"""A graph as Mermaid text, which code hosts, editors and notebooks draw."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier.pipeline.graph import Call

# In Markdown the text is within a fence, which backticks at the start of a line would end.
_CODES = {"#": "#35;", '"': "#quot;", "<": "#lt;", "`": "#96;"}

# Mermaid's own `maxEdges` and `maxTextSize`, beyond which it shows an error.
_MOST_EDGES = 500
_LONGEST_TEXT = 50_000


def is_drawn(calls: "list[Call]", text: str) -> bool:
    """Return whether Mermaid, as it is set by default, draws the text of a graph."""
    edges = text.count("\n") - len(calls) - 1  # all lines but those of the calls, and the first
    return edges <= _MOST_EDGES and len(text) <= _LONGEST_TEXT


def mermaid_text(calls: "list[Call]") -> str:
    """Return a flowchart: solid arrows carry data, dotted ones only order."""
    lines = ["flowchart TD"]
    for call in calls:
        shape = ("[", "]") if call.task is not None else ("([", "])")
        lines.append(f'    t{call.index}{shape[0]}"{_escaped(call.name)}"{shape[1]}')
    for call in calls:
        data = dict.fromkeys(call.data)
        lines.extend(f"    t{index} --> t{call.index}" for index in data)
        lines.extend(
            f"    t{i} -.-> t{call.index}" for i in dict.fromkeys(call.after) if i not in data
        )
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    for character, code in _CODES.items():
        text = text.replace(character, code)
    return " ".join(text.splitlines())
