"""What the job that stands for an executor runs: it tells what an executor's jobs find.

It is sent by itself, so it needs the standard library alone.
"""

import os
import platform
from importlib.metadata import distributions


def main() -> None:
    """Print the runtime, its Python, and what is installed."""
    print("Databricks Runtime:", os.environ.get("DATABRICKS_RUNTIME_VERSION", "none"))  # noqa: T201
    print("Python:", platform.python_version())  # noqa: T201
    for line in sorted({f"{one.metadata['Name']}=={one.version}" for one in distributions()}):
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
