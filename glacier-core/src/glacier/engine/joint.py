"""Which lazy sinks share work, and so are worth executing as one query."""

import re
from collections.abc import Sequence

import polars as pl

from glacier.resources.translation import FAILURES

_PLAN = re.compile(r"^  PLAN (\d+):$", re.MULTILINE)
_CACHE = re.compile(r"CACHE\[id: ([0-9a-f-]+)")


def joint_groups(sinks: Sequence[pl.LazyFrame], *, most: int) -> list[list[int]]:
    """Return the indexes of `sinks` in groups of at most `most` that share work.

    Polars' optimiser is asked: a subplan that it would compute once for several sinks shows
    as a cache in their joint plan. Sinks that share nothing stay alone, since executing them
    together would cost memory and save nothing.
    """
    if len(sinks) < 2:
        return [[index] for index in range(len(sinks))]
    try:
        plan = pl.explain_all(list(sinks))
    except FAILURES:  # a sink is broken; executed alone each tells its own error
        return [[index] for index in range(len(sinks))]
    groups = _connected(_caches_by_plan(plan), len(sinks))
    return [group[at : at + most] for group in groups for at in range(0, len(group), most)]


def _caches_by_plan(plan: str) -> list[tuple[int, set[str]]]:
    parts = _PLAN.split(plan)[1:]
    return [
        (int(number), set(_CACHE.findall(text)))
        for number, text in zip(parts[::2], parts[1::2], strict=True)
    ]


def _connected(caches: list[tuple[int, set[str]]], count: int) -> list[list[int]]:
    group_of = list(range(count))

    def root(index: int) -> int:
        while group_of[index] != index:
            group_of[index] = group_of[group_of[index]]
            index = group_of[index]
        return index

    first_with: dict[str, int] = {}
    for index, shared in caches:
        for cache in shared:
            one, other = sorted((root(first_with.setdefault(cache, index)), root(index)))
            group_of[other] = one
    groups: dict[int, list[int]] = {}
    for index in range(count):
        groups.setdefault(root(index), []).append(index)
    return list(groups.values())
