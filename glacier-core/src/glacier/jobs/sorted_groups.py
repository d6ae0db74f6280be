"""The groups of sorted rows that come in batches; no more than one of them is held."""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl


def groups_of(batches: Iterable[pl.DataFrame], keys: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the rows of each group, one group after the other.

    Args:
        batches: Rows of which those with equal keys follow one another, be it in several batches.
        keys: The columns that tell groups apart; null and NaN are values like others.
    """
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        for part in batch.partition_by(keys, maintain_order=True):
            if waiting and not _key(waiting[0], keys).equals(_key(part, keys)):
                yield pl.concat(waiting)
                waiting = []
            waiting.append(part)
    if waiting:
        yield pl.concat(waiting)


def _key(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return rows.select(keys).head(1)
