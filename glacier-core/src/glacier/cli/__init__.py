"""The `glacier` command."""

from glacier.cli.app import main

__all__ = ["main"]
