"""Glacier: data pipelines written once, run on any cloud by config alone."""

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
