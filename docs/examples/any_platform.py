"""One pipeline for every platform: the provider decides where it runs.

    python docs/examples/any_platform.py

Without variables of a cloud in the environment that is this machine. `GLACIER_LOCAL_PATH` names the
directory then, `./data` by default.
"""

import polars as pl

from glacier import Bucket, Pipeline, Provider, pipeline, task
from glacier.config import BlobConfig, GcsConfig, S3Config


@task
def count_words(text: str) -> pl.LazyFrame:
    """Return every word with how often it occurs, the most frequent one first."""
    words = pl.LazyFrame({"word": text.lower().split()})
    return words.group_by("word").len("times").sort("times", "word", descending=[True, False])


@task
def save(words: pl.LazyFrame, target: Bucket) -> None:
    """Write the words."""
    target.write(words)


def create_pipeline(target: Bucket) -> Pipeline[[str], None]:
    """Return a pipeline that counts a text's words into a bucket."""

    @pipeline
    def word_count(text: str) -> None:
        save(count_words(text), target)

    return word_count


def word_bucket(provider: Provider) -> Bucket:
    """Return the bucket of the words, with each platform's own settings for it."""
    return provider.bucket(
        "words",
        path="counted.parquet",
        config=[S3Config(versioning=True), BlobConfig(tier="Cool"), GcsConfig(versioning=True)],
    )


if __name__ == "__main__":
    counted = word_bucket(Provider.from_env())
    create_pipeline(counted).run(text="the cat and the hat and the bat")
    for row in counted.read().iter_rows(named=True):
        print(row["word"], row["times"])
