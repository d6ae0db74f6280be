"""The graph of a run, laid out in layers from left to right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from glacier.engine.result import Outline

MOST_NODES = 300
"""Calls beyond which nobody finds anything in a drawing."""

LONGEST_LABEL = 26
NODE_HEIGHT = 30.0
_CHARACTER_WIDTH = 7.3
_PADDING = 40.0
_JOINT_WIDTH = 12.0
_ROW = 44.0
_BETWEEN_LAYERS = 64.0
_MARGIN = 4.0
_SWEEPS = 6
_MOST_WAYPOINTS = 3000


@dataclass(frozen=True, slots=True)
class Node:
    """A call in the drawing, by its left edge and its middle.

    Attributes:
        index: The call's index.
        label: Its name, shortened.
    """

    index: int
    label: str
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from one call to another.

    Attributes:
        source: The index of the call that is needed.
        target: The index of the call that needs it.
        is_data: Whether a result is handed on, and not only order kept.
        path: The line as an SVG path.
    """

    source: int
    target: int
    is_data: bool
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Where everything is in the drawing.

    Attributes:
        nodes: The calls, in order.
        edges: The lines between them.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float


def drawn(outline: Outline, labels: Sequence[str], joints: frozenset[int]) -> Drawing | None:
    """Return the drawing of a run's graph; None where it would be too large to read.

    Args:
        outline: The graph.
        labels: What each call is called.
        joints: The calls that only gather others, drawn as dots.
    """
    count = len(labels)
    if not count or count > MOST_NODES:
        return None
    links = _links(outline)
    layer = _layers(count, links)
    chains, of_layer = _chains(layer, links)
    position = _placed(of_layer, chains)
    shown = [
        label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
        for label in labels
    ]
    widths = [
        _JOINT_WIDTH if i in joints else len(shown[i]) * _CHARACTER_WIDTH + _PADDING
        for i in range(count)
    ]
    starts, ends, right = _columns(of_layer, widths)
    nodes = [
        Node(i, "" if i in joints else shown[i], starts[layer[i]], position[i], widths[i])
        for i in range(count)
    ]
    edges = []
    for (source, target), chain in chains.items():
        way = [(nodes[source].x + widths[source], position[source])]
        for step, point in enumerate(chain[1:-1], start=layer[source] + 1):
            way += [(starts[step], position[point]), (ends[step], position[point])]
        way.append((nodes[target].x, position[target]))
        edges.append(Edge(source, target, links[source, target], _path(way)))
    height = max(position.values()) + NODE_HEIGHT / 2 + _MARGIN
    return Drawing(tuple(nodes), tuple(edges), right, height)


def _links(outline: Outline) -> dict[tuple[int, int], bool]:
    """Return who needs whom, and whether for data; order that other links imply is left out."""
    links = {(i, at): True for at, needed in enumerate(outline.data) for i in needed}
    reached: list[int] = []  # for each call those before it, as bits
    for at, (data, after) in enumerate(zip(outline.data, outline.after, strict=True)):
        needed = dict.fromkeys((*data, *after))
        beyond = 0
        for i in needed:
            beyond |= reached[i]
        reached.append(beyond | sum(1 << i for i in needed))
        links |= {(i, at): False for i in after if i not in data and not beyond >> i & 1}
    return links


def _layers(count: int, links: dict[tuple[int, int], bool]) -> list[int]:
    layer = [0] * count
    for source, target in sorted(links, key=lambda link: link[1]):
        layer[target] = max(layer[target], layer[source] + 1)
    return layer


def _chains(
    layer: list[int], links: dict[tuple[int, int], bool]
) -> tuple[dict[tuple[int, int], list[int]], list[list[int]]]:
    """Return the points of each line, one in every layer on its way, and those of each layer."""
    of_layer: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for index, at in enumerate(layer):
        of_layer[at].append(index)
    is_direct = sum(layer[b] - layer[a] - 1 for a, b in links) > _MOST_WAYPOINTS
    chains, free = {}, len(layer)
    for source, target in links:
        chain = [source]
        for at in range(layer[source] + 1, layer[target] if not is_direct else 0):
            of_layer[at].append(free)
            chain.append(free)
            free += 1
        chains[source, target] = [*chain, target]
    return chains, of_layer


def _placed(
    of_layer: list[list[int]], chains: dict[tuple[int, int], list[int]]
) -> dict[int, float]:
    """Return the height of every point: near those that it is connected with, in few crossings."""
    before: dict[int, list[int]] = {}
    behind: dict[int, list[int]] = {}
    for chain in chains.values():
        for one, other in pairwise(chain):
            before.setdefault(other, []).append(one)
            behind.setdefault(one, []).append(other)
    position = {point: at * _ROW for layer in of_layer for at, point in enumerate(layer)}
    for sweep in range(_SWEEPS):
        is_forward = sweep % 2 == 0
        near = before if is_forward else behind
        for layer in of_layer if is_forward else reversed(of_layer):
            wanted = {
                point: sum(position[i] for i in near[point]) / len(near[point])
                if point in near
                else position[point]
                for point in layer
            }
            layer.sort(key=lambda point, wanted=wanted: wanted[point])  # type: ignore[misc]
            position |= _spread(layer, wanted)
    top = min(position.values()) - NODE_HEIGHT / 2 - _MARGIN
    return {point: y - top for point, y in position.items()}


def _spread(layer: list[int], wanted: dict[int, float]) -> dict[int, float]:
    """Return heights near the wanted ones that keep their distance.

    Pushing all down and pushing all up both keep it, and so does what lies in the middle.
    """
    down: list[float] = []
    for point in layer:
        down.append(max(wanted[point], down[-1] + _ROW) if down else wanted[point])
    up: list[float] = []
    for point in reversed(layer):
        up.append(min(wanted[point], up[-1] - _ROW) if up else wanted[point])
    return {
        point: (one + other) / 2
        for point, one, other in zip(layer, down, reversed(up), strict=True)
    }


def _columns(
    of_layer: list[list[int]], widths: list[float]
) -> tuple[list[float], list[float], float]:
    starts, ends, left = [], [], _MARGIN
    for layer in of_layer:
        widest = max((widths[i] for i in layer if i < len(widths)), default=0.0)
        starts.append(left)
        ends.append(left + widest)
        left += widest + _BETWEEN_LAYERS
    return starts, ends, left - _BETWEEN_LAYERS + _MARGIN


def _path(way: list[tuple[float, float]]) -> str:
    text = f"M{way[0][0]:.1f} {way[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(way):
        middle = (x + to_x) / 2
        text += f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
    return text
