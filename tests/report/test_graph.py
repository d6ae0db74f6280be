"""Where calls stand in the drawing of a graph."""

from itertools import pairwise

import pytest

from glacier.engine.result import Outline
from glacier.report.graph import LONGEST_LABEL, MOST_NODES, NODE_HEIGHT, Drawing, drawn

NONE: tuple[int, ...] = ()


def drawing(data: list[tuple[int, ...]], after: list[tuple[int, ...]] | None = None) -> Drawing:
    names = [f"task{number}" for number in range(len(data))]
    made = drawn(Outline(names, data, after or [NONE] * len(data)), names, frozenset())
    assert made is not None
    return made


def test_call_stands_to_the_right_of_all_that_it_needs() -> None:
    nodes = drawing([(), (0,), (1,), (0, 2)]).nodes

    ends = [node.x + node.width for node in nodes]
    assert all(ends[need] < nodes[at].x for at, need in [(1, 0), (2, 1), (3, 2), (3, 0)])


def test_calls_of_a_layer_keep_their_distance() -> None:
    nodes = drawing([(), *[(0,)] * 30]).nodes

    heights = sorted(node.y for node in nodes[1:])
    assert all(below - above >= NODE_HEIGHT for above, below in pairwise(heights))


def test_chain_is_a_straight_line() -> None:
    nodes = drawing([(), (0,), (1,), (2,)]).nodes

    assert len({node.y for node in nodes}) == 1


def test_lines_do_not_cross_where_they_need_not() -> None:
    made = drawing([(), (), (), (2,), (1,), (0,)])

    height = {node.index: node.y for node in made.nodes}
    ends = sorted((height[edge.source], height[edge.target]) for edge in made.edges)
    assert [target for _, target in ends] == sorted(target for _, target in ends)


def test_order_that_other_lines_imply_is_left_out() -> None:
    made = drawing([(), (0,), (1,)], after=[(), (), (0,)])

    assert [(edge.source, edge.target, edge.is_data) for edge in made.edges] == [
        (0, 1, True),
        (1, 2, True),
    ]


def test_everything_lies_within_the_drawing() -> None:
    made = drawing([(), (), (0, 1), (2,), (2,), (0, 3, 4)])

    assert all(node.x >= 0 and node.x + node.width <= made.width for node in made.nodes)
    assert all(
        node.y - NODE_HEIGHT / 2 >= 0 and node.y + NODE_HEIGHT / 2 <= made.height
        for node in made.nodes
    )


def test_long_names_are_cut() -> None:
    made = drawn(Outline(["x" * 80], [()], [()]), ["x" * 80], frozenset())

    assert made is not None
    assert made.nodes[0].label == "x" * (LONGEST_LABEL - 1) + "…"


@pytest.mark.parametrize("count", [0, MOST_NODES + 1])
def test_nothing_is_drawn_of_no_call_and_of_too_many(count: int) -> None:
    names = ["task"] * count

    assert drawn(Outline(names, [()] * count, [()] * count), names, frozenset()) is None


def test_graph_in_which_all_need_all_is_drawn() -> None:
    made = drawing([tuple(range(at)) for at in range(60)])

    assert len(made.edges) == 60 * 59 // 2
