"""A toy platform for Glacier."""

from glacier_toy.config import ToyBucketConfig, ToyConfig, ToyExecutorConfig
from glacier_toy.database import Database

__all__ = ["Database", "ToyBucketConfig", "ToyConfig", "ToyExecutorConfig"]
