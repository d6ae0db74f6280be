"""The resources of a provider; none of them knows a platform."""

from glacier.resources.base import Resource
from glacier.resources.bucket import Bucket
from glacier.resources.executor import Executor
from glacier.resources.serverless import Serverless

__all__ = ["Bucket", "Executor", "Resource", "Serverless"]
