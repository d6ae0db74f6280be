"""What a function raised on a Spark worker, told without Spark's own stack."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile

from glacier.errors import RemoteError

_START = "Traceback (most recent call last):"
_END = re.compile(r"\n *SQLSTATE: |\n\n?\tat |\n\nJVM stacktrace:")
"""Where what Spark adds to a worker's traceback begins."""


@contextmanager
def worker_errors() -> Iterator[None]:
    """Turn what a worker's Python raised into a `RemoteError` with its type and traceback."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        # A cluster wraps what a worker raised in what it says of the whole job.
        text = str(error)
        if _START not in text:
            raise
        raise _of_text(text) from None


def _of_text(text: str) -> RemoteError:
    """Return the error for a text of Spark's that has a Python traceback in it."""
    traceback = _END.split(text[text.find(_START) :])[0]
    lines = traceback.rstrip().splitlines()
    last_frame = max((n for n, line in enumerate(lines) if line.startswith('  File "')), default=0)
    message = list(dropwhile(lambda line: line.startswith(" "), lines[last_frame:]))
    kind = re.match(r"[\w.]+", message[0]) if message else None
    said = "\n".join(message) or text
    return RemoteError(
        f"A task failed on a Spark worker: {said}",
        remote_type=kind[0] if kind else "Exception",
        remote_traceback="\n".join(lines),
    )
