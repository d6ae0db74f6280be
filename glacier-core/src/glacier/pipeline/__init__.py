"""Tasks, pipelines and the graphs that calling them builds."""

from glacier.pipeline.graph import Call, Graph
from glacier.pipeline.pipeline import Pipeline, pipeline
from glacier.pipeline.task import Task, task

__all__ = ["Call", "Graph", "Pipeline", "Task", "pipeline", "task"]
