"""Glacier: data pipelines written once, run on any cloud by config alone."""

import typing

from glacier.errors import GlacierError
from glacier.pipeline.pipeline import Pipeline, pipeline
from glacier.pipeline.task import Task, task
from glacier.provider import Provider
from glacier.resources import Bucket, Executor, Resource, Serverless

__all__ = [
    "Bucket",
    "Executor",
    "GlacierError",
    "Pipeline",
    "Provider",
    "Resource",
    "Serverless",
    "Task",
    "pipeline",
    "task",
]

__version__: str

# Type checkers would take any name of this module for one that exists.
if not typing.TYPE_CHECKING:

    def __getattr__(name: str) -> str:
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version

        return version("glacier-core")
