"""The runtimes of Dataproc, and their Pythons."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier_gcp.resource_configs import DataprocConfig

_PYTHONS = {"2.0": "3.8", "2.1": "3.10", "2.2": "3.11", "2.3": "3.11", "3.0": "3.11"}
"""Of clusters, by the pages 'Dataproc image version list'."""

_PYTHONS_OF_BATCHES = {"1.1": "3.10", "1.2": "3.12", "2.2": "3.12", "3.0": "3.12"}
"""Of batches, by the page 'Serverless for Apache Spark runtime versions'."""

_OLDEST, _OLDEST_OF_BATCHES = (2, 2), (1, 2)
"""The first ones whose Python runs Glacier's tasks: Polars 2.1 needs Python 3.11."""


def python_of(config: "DataprocConfig") -> str | None:
    """Return the minor version of Python that a config asks for; None if not known.

    An image of the user's own has any, and so has a cluster that is there already.
    """
    if config.container_image is not None or _is_unknown(config):
        return None
    return python_in(config.image_version, is_serverless=config.serverless)


def runs_tasks(config: "DataprocConfig") -> bool:
    """Return whether a config asks for a Python that runs Glacier's tasks, as far as is known."""
    if config.container_image is not None or _is_unknown(config):
        return True
    return is_new_enough(config.image_version, is_serverless=config.serverless)


def python_in(version: str, *, is_serverless: bool) -> str | None:
    """Return the Python of an image or a runtime; None if not known."""
    major_minor = ".".join(re.findall(r"\d+", version)[:2])
    return (_PYTHONS_OF_BATCHES if is_serverless else _PYTHONS).get(major_minor)


def is_new_enough(version: str, *, is_serverless: bool) -> bool:
    """Return whether an image or a runtime has a Python that runs Glacier's tasks."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    return numbers >= (_OLDEST_OF_BATCHES if is_serverless else _OLDEST)


def _is_unknown(config: "DataprocConfig") -> bool:
    return config.cluster_name is not None and "image_version" not in config.model_fields_set
