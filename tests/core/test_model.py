"""Deferred, fused writes against a model in which every step happens at once.

Random programs of scans, derivations, writes, appends and deletions run twice: as a pipeline,
whose steps follow one another and whose writes wait to be settled, and on a dictionary of frames
that changes with every step. Whatever the order, both must end with the same data everywhere, and
every frame must hold the rows of the moment in which it was scanned.
"""

import tempfile
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glacier import Bucket, Provider, pipeline, task
from glacier.config import LocalConfig

FILES = ("one.parquet", "two.parquet")
DATASET = "many/"
PLACES = (*FILES, DATASET)

steps = st.lists(
    st.tuples(
        st.sampled_from(["scan", "derive", "join", "write", "append", "delete", "sum", "recast"]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from(PLACES),
    ),
    min_size=8,
    max_size=16,
)


# Something to work with, whatever comes.
OPENING = [("scan", 0, 0, "one.parquet"), ("scan", 0, 0, DATASET), ("derive", 0, 0, DATASET)]


@dataclass
class Model:
    """What the places and the frames hold if nothing is ever deferred."""

    places: dict[str, list[int]]
    frames: list[list[int]] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)


@task
def scan(bucket: Bucket, _: object) -> pl.LazyFrame:
    return bucket.scan()


@task
def derive(frame: pl.LazyFrame, _: object) -> pl.LazyFrame:
    return frame.with_columns(pl.col("a") + 1)


@task
def join(frame: pl.LazyFrame, other: pl.LazyFrame, _: object) -> pl.LazyFrame:
    return pl.concat([frame, other])


@task
def write(frame: pl.LazyFrame, bucket: Bucket, mode: Any, _: object) -> int:
    bucket.write(frame, mode=mode)
    return 0


@task
def delete(bucket: Bucket, _: object) -> int:
    bucket.delete()
    return 0


@task
def total(frame: pl.LazyFrame, _: object) -> int:
    return int(frame.sum().collect().item())


@task
def after(_: object) -> int:
    """Return what makes the next step wait for this one, without a frame in its hands."""
    return 0


@task
def recast(frame: pl.LazyFrame, _: object) -> pl.LazyFrame:
    """Return the rows by a detour that no optimiser takes away."""
    return frame.with_columns(pl.col("a").cast(pl.String).cast(pl.Int64))


def plan_of(program: list[tuple[str, int, int, str]], model: Model) -> list[tuple[Any, ...]]:
    """Carry a program out on the model, and return its steps without the impossible ones."""
    done: list[tuple[Any, ...]] = []
    for name, first, second, place in program:
        if name == "scan" and model.places.get(place):
            model.frames.append(list(model.places[place]))
            done.append((name, place))
        elif name == "delete":
            model.places.pop(place, None)
            done.append((name, place))
        elif model.frames and name not in {"scan", "delete"}:
            one, other = first % len(model.frames), second % len(model.frames)
            _carry_out(name, one, other, place, model)
            done.append((name, one, other, place))
    return done


def _carry_out(name: str, one: int, other: int, place: str, model: Model) -> None:
    rows = model.frames[one]
    if name == "derive":
        model.frames.append([row + 1 for row in rows])
    elif name == "recast":
        model.frames.append(list(rows))
    elif name == "join":
        model.frames.append(rows + model.frames[other])
    elif name == "sum":
        model.sums.append(sum(rows))
    elif name == "append":
        model.places[DATASET] = model.places.get(DATASET, []) + rows
    else:
        model.places[place] = list(rows)


def run_of(steps: list[tuple[Any, ...]], provider: Provider) -> tuple[list[Any], list[Any]]:
    """Run the steps as a pipeline, each after the one before, and return frames and sums."""
    buckets = {place: provider.bucket("lake", path=place) for place in PLACES}

    @pipeline
    def program() -> Any:
        frames: list[Any] = []
        sums: list[Any] = []
        last: Any = None
        for name, *details in steps:
            made: Any
            if name == "scan":
                frames.append(made := scan(buckets[details[0]], last))
            elif name == "delete":
                made = delete(buckets[details[0]], last)
            elif name == "derive":
                frames.append(made := derive(frames[details[0]], last))
            elif name == "recast":
                frames.append(made := recast(frames[details[0]], last))
            elif name == "join":
                frames.append(made := join(frames[details[0]], frames[details[1]], last))
            elif name == "sum":
                sums.append(made := total(frames[details[0]], last))
            else:
                mode = "append" if name == "append" else "overwrite"
                place = DATASET if name == "append" else details[2]
                made = write(frames[details[0]], buckets[place], mode, last)
            last = after(made)
        return [frames, sums]

    with program.run() as run:
        frames, sums = run.result
        return [sorted(frame.collect()["a"].to_list()) for frame in frames], sums


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps)
def test_program_ends_as_if_nothing_were_deferred(program: list[tuple[str, int, int, str]]) -> None:
    start = {"one.parquet": [1, 2, 3], DATASET: [10, 20]}
    with tempfile.TemporaryDirectory() as base_path:
        provider = Provider(config=LocalConfig(base_path=base_path))
        for place, rows in start.items():
            provider.bucket("lake", path=place).write(pl.DataFrame({"a": rows}))
        model = Model({place: list(rows) for place, rows in start.items()})
        feasible = plan_of([*OPENING, *program], model)

        frames, sums = run_of(feasible, provider)

        assert frames == [sorted(rows) for rows in model.frames]
        assert sums == model.sums
        for place in PLACES:
            bucket = provider.bucket("lake", path=place)
            found = sorted(bucket.read()["a"].to_list()) if bucket.exists() else None
            expected = sorted(model.places[place]) if place in model.places else None
            assert found == expected, place
